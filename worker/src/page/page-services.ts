import type { Scene } from 'three';
import { DrawQueue } from './draw-queue.ts';
import { Encoder } from './encode/encoder.ts';
import { type DrawingRoom, drawPicture } from './engine/draw-picture.ts';
import { RasterEngine } from './engine/raster.ts';
import { Resolver } from './engine/resolve.ts';
import { TargetPool } from './engine/target-pool.ts';
import type { Gpu } from './gpu.ts';
import { PixelBuffers } from './pixel-buffers.ts';
import { GltfReader } from './scene/gltf-reader.ts';
import { LoadedScene, type SceneParts } from './scene/loaded-scene.ts';
import { SceneFiles } from './scene/scene-files.ts';
import { SceneStore } from './scene/scene-store.ts';
import { Studio } from './scene/studio.ts';
import { uploadTextures } from './scene/upload.ts';

/** What the page holds for all calls. */
export interface PageServices {
  readonly room: DrawingRoom;
  readonly queue: DrawQueue;
  readonly encoder: Encoder;
  readonly scenes: SceneStore;
}

/** Small picture that compiles a scene's shaders and uploads its geometry while it is being loaded. */
const WARM_UP_SIZE = { widthPx: 32, heightPx: 32 };

export async function startServices(gpu: Gpu): Promise<PageServices> {
  const { renderer } = gpu;
  const buffers = new PixelBuffers();
  const [studio, encoder] = await Promise.all([Studio.load(renderer), Encoder.start(buffers)]);
  const targets = new TargetPool();
  const engine = new RasterEngine(renderer, studio, (shot) => targets.get(shot).sample);
  const room = { gpu, engine, targets, resolver: new Resolver(renderer), buffers };
  const queue = new DrawQueue();
  const reader = new GltfReader(renderer);

  const prepare = async (parts: SceneParts, stage: Scene): Promise<LoadedScene> => {
    stage.environment = studio.environment;
    const scene = new LoadedScene(parts, stage);
    stage.environmentIntensity = scene.lights.studioIntensity;
    try {
      uploadTextures(renderer, scene);
      await queue.run('import', (giveWay) => drawPicture(room, warmUpShot(scene), giveWay));
    } catch (error) {
      scene.dispose();
      throw error;
    }
    return scene;
  };
  const scenes = new SceneStore({
    read: (scene, onFraction) => reader.read(new SceneFiles(scene, location.origin), onFraction),
    prepare,
  });
  return { room, queue, encoder, scenes };
}

const warmUpShot = (scene: LoadedScene) => ({
  scene,
  camera: { kind: 'auto' } as const,
  size: WARM_UP_SIZE,
  samples: 1,
  multisampled: true,
  clip: scene.clips.choose(null),
  timeSec: 0,
  background: 'neutral' as const,
  toneMapping: 'neutral' as const,
  exposureEv: 0,
});
