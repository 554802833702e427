import {
  type Camera,
  FloatType,
  type Material,
  NearestFilter,
  OrthographicCamera,
  PerspectiveCamera,
  type WebGLRenderer,
  WebGLRenderTarget,
} from 'three';
import type { PixelBuffers } from '../../pixel-buffers.ts';
import { type Drawable, isDrawable } from '../../scene/drawable.ts';
import type { LoadedScene } from '../../scene/loaded-scene.ts';
import type { CameraPlacement } from '../camera-placement.ts';
import type { Shot } from '../engine.ts';
import { setCamera } from '../shot-camera.ts';
import { type MatteManifests, SceneMattes } from './mattes.ts';
import { type DataPlane, PLANES } from './planes.ts';
import { SurfaceMaterials } from './surface-materials.ts';

const CENTRE = { x: 0, y: 0 };
/** RGBA of 32-bit floats. */
const BYTES_PER_PX = 16;

/**
 * What stands at each pixel rather than how it is lit: of every engine the same, one drawing by rasterisation through the
 * middle of the pixels, without anti-aliasing. A mean of depths or normals would be those of no surface.
 */
export class DataPasses {
  readonly #renderer: WebGLRenderer;
  readonly #buffers: PixelBuffers;
  readonly #materials = new SurfaceMaterials();
  readonly #mattes = new WeakMap<LoadedScene, SceneMattes>();
  readonly #cameras = { perspective: new PerspectiveCamera(), orthographic: new OrthographicCamera() };

  constructor(renderer: WebGLRenderer, buffers: PixelBuffers) {
    this.#renderer = renderer;
    this.#buffers = buffers;
  }

  /**
   * @param placement where the camera stood for the picture.
   * @returns the shot's planes, in buffers that the encoder gives back.
   */
  draw({ size, scene, staging, timeSec, planes: asked = [] }: Shot, placement: CameraPlacement): DataPlane[] {
    const planes = PLANES.filter((name) => asked.includes(name));
    if (planes.length === 0) return [];
    const { widthPx, heightPx } = size;
    const target = new WebGLRenderTarget(widthPx, heightPx, {
      count: planes.length,
      type: FloatType,
      minFilter: NearestFilter,
      magFilter: NearestFilter,
    });
    try {
      scene.pose(staging, timeSec);
      this.drawSurfaces(target, planes, scene, setCamera(this.#cameras, placement, size, CENTRE));
      return planes.map((name, texture) => {
        const bytes = this.#buffers.take(widthPx * heightPx * BYTES_PER_PX);
        const values = new Float32Array(bytes.buffer);
        this.#renderer.readRenderTargetPixels(target, 0, 0, widthPx, heightPx, values, undefined, texture);
        return { name, values: bytes.buffer };
      });
    } finally {
      target.dispose();
    }
  }

  /** What the ids in the planes of a scene stand for. */
  manifestsOf(scene: LoadedScene): MatteManifests {
    return this.#mattesOf(scene).manifests;
  }

  #mattesOf(scene: LoadedScene): SceneMattes {
    const mattes = this.#mattes.get(scene) ?? new SceneMattes(scene);
    this.#mattes.set(scene, mattes);
    return mattes;
  }

  /**
   * Draws a scene as it is posed now.
   *
   * @param target with a texture of floats for each of `planes`, in their order.
   */
  drawSurfaces(
    target: WebGLRenderTarget,
    planes: readonly (typeof PLANES)[number][],
    scene: LoadedScene,
    camera: Camera,
  ): void {
    const renderer = this.#renderer;
    this.#materials.choose(planes);
    scene.drawOrder.applyTo(renderer, (material) => this.#materials.sourceOf(material));
    // Engines set both whenever they draw.
    scene.stage.background = scene.stage.environment = null;
    const own = this.#exchange(scene);
    const { shadowMap } = renderer;
    const hadShadows = shadowMap.enabled;
    // Those that are due are drawn with the picture's own materials.
    shadowMap.enabled = false;
    try {
      renderer.setRenderTarget(target);
      renderer.setClearColor(0, 0);
      renderer.clear(true, true, false);
      renderer.render(scene.stage, camera);
    } finally {
      shadowMap.enabled = hadShadows;
      for (const [object, material] of own) object.material = material;
    }
  }

  /** Gives everything the materials of passes. @returns the scene's own. */
  #exchange(scene: LoadedScene): Map<Drawable, Material | Material[]> {
    const own = new Map<Drawable, Material | Material[]>();
    const mattes = this.#mattesOf(scene);
    scene.stage.traverse((object) => {
      if (!isDrawable(object)) return;
      const { material } = object;
      own.set(object, material);
      const surfaceOf = (one: Material) => this.#materials.of(one, object, mattes.idsOf(object, one));
      object.material = Array.isArray(material) ? material.map(surfaceOf) : surfaceOf(material);
    });
    return own;
  }
}
