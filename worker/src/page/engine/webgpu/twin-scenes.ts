import { GltfReader } from '../../scene/gltf-reader.ts';
import { texturesOf } from '../../scene/gpu-bytes.ts';
import { LoadedScene } from '../../scene/loaded-scene.ts';
import { SceneFiles } from '../../scene/scene-files.ts';
import { SceneStore } from '../../scene/scene-store.ts';
import type { WebGpuDevice } from './webgpu-device.ts';

/**
 * The scenes of the page as WebGPU has them. Each is read again for WebGPU: pixels of a scene's
 * textures are let go of once WebGL has them, and three keeps a shadow map with its light, for one renderer. It is freed
 * with the scene that it is a twin of.
 */
export class TwinScenes {
  readonly #store: SceneStore;
  /** Of scenes that no files hold, by hash. */
  readonly #made = new Map<string, NonNullable<LoadedScene['again']>>();

  constructor({ renderer }: WebGpuDevice) {
    const reader = new GltfReader(renderer);
    this.#store = new SceneStore({
      read: async (scene, onFraction) =>
        this.#made.get(scene.sceneHash)?.() ?? reader.read(new SceneFiles(scene, location.origin), onFraction),
      prepare: async (parts, stage) => {
        const scene = new LoadedScene(parts, stage);
        const textures = [...texturesOf(scene.materials)];
        for (const texture of textures) await renderer.initTextureAsync(texture);
        // Several textures may show one image.
        for (const { image } of textures) if (image instanceof ImageBitmap) image.close();
        return scene;
      },
    });
  }

  /** Reads the twin of a scene, or finds it read. @returns whether it was read now. */
  async load(scene: LoadedScene): Promise<boolean> {
    const { content, again } = scene;
    if (again) this.#made.set(content.sceneHash, again);
    const { scene: twin, loadedNow } = await this.#store.load(content, () => {});
    if (loadedNow) {
      scene.gpuBytes += twin.gpuBytes;
      scene.onDispose(() => void this.#store.unload(content.sceneHash));
    }
    return loadedNow;
  }

  /**
   * Holds the twin for one picture: it is not freed before `release` is called.
   *
   * @throws KilnError `render.failed` when it is not loaded.
   */
  use({ content }: LoadedScene): { readonly scene: LoadedScene; readonly release: () => void } {
    return this.#store.use(content.sceneHash);
  }
}
