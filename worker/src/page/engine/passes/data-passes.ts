import type { Size } from '@kiln/shared';
import {
  type Camera,
  DepthTexture,
  FloatType,
  type Material,
  NearestFilter,
  OrthographicCamera,
  PerspectiveCamera,
  type WebGLRenderer,
  WebGLRenderTarget,
} from 'three';
import { PAGE_LIMITS } from '../../limits.ts';
import type { PixelBuffers } from '../../pixel-buffers.ts';
import { type Drawable, isDrawable } from '../../scene/drawable.ts';
import type { LoadedScene } from '../../scene/loaded-scene.ts';
import type { CameraPlacement } from '../camera-placement.ts';
import type { Shot } from '../engine.ts';
import { placeShot, setCamera } from '../shot-camera.ts';
import { shutterMoment } from '../shutter.ts';
import { lookThrough } from '../thin-lens.ts';
import { CoverageTable, distinctMatteSamples, matteSamples, matteView, opaqueFrom } from './matte-coverage.ts';
import { type MatteManifests, SceneMattes } from './mattes.ts';
import { KeptPose } from './motion.ts';
import { type DataPlane, MATTE_PLANES, type MatteKind, PLANES, type PlaneName } from './planes.ts';
import { isBlended, SurfaceMaterials } from './surface-materials.ts';

/** In the order of the channels that have their ids. */
const MATTE_KINDS = ['object', 'material'] as const satisfies readonly MatteKind[];
const CENTRE = { x: 0, y: 0 };
/** What is asked about is a surface even where most of what stands behind it is seen through it. */
const PICKED_SHARE = 0.1;
/** RGBA of 32-bit floats. */
const BYTES_PER_PX = 16;
const BYTES_OF_ID = 4;

/**
 * What stands at each pixel rather than how it is lit: of every engine the same, one drawing by rasterisation through the
 * middle of the pixels, without anti-aliasing. A mean of depths or normals would be those of no surface.
 */
export class DataPasses {
  readonly #renderer: WebGLRenderer;
  readonly #buffers: PixelBuffers;
  readonly #materials = new SurfaceMaterials('planes');
  readonly #movedMaterials = new SurfaceMaterials('motion');
  readonly #idMaterials = new SurfaceMaterials('ids');
  readonly #numberMaterials = new SurfaceMaterials('numbers');
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
  draw(shot: Shot, placement: CameraPlacement): DataPlane[] {
    const { size, scene, staging, timeSec, planes: asked = [] } = shot;
    const planes = PLANES.filter((name) => asked.includes(name));
    const drawn: DataPlane[] = [];
    if (planes.length > 0) {
      const target = dataTarget(size, planes.length);
      try {
        scene.pose(staging, timeSec);
        this.drawSurfaces(target, planes, scene, setCamera(this.#cameras, placement, shot, CENTRE));
        drawn.push(...planes.map((name, texture) => this.#read(target, name, texture)));
      } finally {
        target.dispose();
      }
    }
    if (asked.includes('motion')) drawn.push(this.#drawMotion(shot, placement));
    return drawn;
  }

  /** From the shot's time to that of the next frame, for the camera too. */
  #drawMotion(shot: Shot, placement: CameraPlacement): DataPlane {
    const { size, scene, staging, timeSec, frameSec = 0 } = shot;
    const nextPlacement = placeShot({ ...shot, timeSec: timeSec + frameSec });
    const next = new KeptPose(scene, setCamera(this.#cameras, nextPlacement, shot, CENTRE));
    const target = dataTarget(size, 1);
    try {
      scene.pose(staging, timeSec);
      const camera = setCamera(this.#cameras, placement, shot, CENTRE);
      this.#render(target, scene, camera, this.#movedMaterials, (surface, object) => {
        const uniforms = this.#movedMaterials.motionOf(surface);
        next.fill(uniforms, object, camera);
        uniforms.halfSizePx.value.set(size.widthPx / 2, size.heightPx / 2);
      });
      return this.#read(target, 'motion', 0);
    } finally {
      target.dispose();
      next.dispose();
    }
  }

  /**
   * Draws what covers the pixels of a shot, sample after sample, as the picture sees it: jittered, through the lens, while
   * the shutter is open.
   *
   * @param rest lets others draw.
   */
  async drawMattes(shot: Shot, rest: () => Promise<unknown>): Promise<DataPlane[]> {
    const { size, scene, staging, timeSec, shutterSec = 0, planes = [] } = shot;
    const kinds = MATTE_KINDS.filter((kind) => planes.includes(MATTE_PLANES[kind][0]));
    if (kinds.length === 0) return [];
    const bytesOfLayer = size.widthPx * size.heightPx * BYTES_PER_PX;
    const newLayer = () => new Float32Array(this.#buffers.take(bytesOfLayer).buffer);
    const tables = new Map(kinds.map((kind) => [kind, new CoverageTable(newLayer)]));
    const buffer = this.#buffers.take(size.widthPx * size.heightPx * BYTES_OF_ID);
    const ids = new Float32Array(buffer.buffer);
    const target = idTarget(size);
    const asked = shot.askedSamples ?? shot.samples;
    scene.pose(staging, timeSec);
    const samples = hasBlended(scene) ? matteSamples(asked) : distinctMatteSamples(asked);
    let restedAt = performance.now();
    try {
      for (let index = 0; index < samples; index += 1) {
        const { sample, offset } = matteView(index, asked);
        const now = timeSec + shutterSec * shutterMoment(sample);
        const placement = placeShot({ ...shot, timeSec: now });
        scene.pose(staging, now);
        const camera = setCamera(this.#cameras, placement, shot, offset);
        if (placement.aperture && camera instanceof PerspectiveCamera) lookThrough(camera, placement.aperture, sample);
        const mattes = this.#mattesOf(scene);
        this.#render(target, scene, camera, this.#idMaterials, (surface, object) => {
          const source = this.#idMaterials.sourceOf(surface);
          if (!isBlended(source)) return;
          const opaque = opaqueFrom(index, samples, mattes.seedOf(object));
          surface.alphaTest = Math.max(source.alphaTest, opaque);
        });
        for (const [kind, table] of tables) {
          const texture = MATTE_KINDS.indexOf(kind);
          this.#renderer.readRenderTargetPixels(target, 0, 0, size.widthPx, size.heightPx, buffer, undefined, texture);
          table.add(ids);
        }
        if (performance.now() - restedAt < PAGE_LIMITS.pieceMs) continue;
        await rest();
        restedAt = performance.now();
      }
    } finally {
      target.dispose();
      this.#buffers.give(buffer.buffer);
    }
    return [...tables].flatMap(([kind, table]) => {
      table.finish(samples);
      return MATTE_PLANES[kind].map((name, layer) => ({ name, values: bufferOf(table.layers[layer]) }));
    });
  }

  /**
   * How near the blended surfaces of a scene are that hide what stands behind them: those the picture's own depth knows
   * nothing of.
   *
   * @returns null of a scene without any; else to be disposed.
   */
  drawBlendedDepth(shot: Shot, placement: CameraPlacement): WebGLRenderTarget | null {
    const { scene, size, staging, timeSec } = shot;
    if (!hasBlended(scene)) return null;
    const target = idTarget(size);
    target.depthTexture = new DepthTexture(size.widthPx, size.heightPx);
    scene.pose(staging, timeSec);
    const camera = setCamera(this.#cameras, placement, shot, CENTRE);
    this.#render(target, scene, camera, this.#idMaterials, (surface) => {
      surface.visible &&= isBlended(this.#idMaterials.sourceOf(surface));
    });
    return target;
  }

  /**
   * Draws what is seen of a scene as it is posed now.
   *
   * @param target of `numbers`: with three textures of floats, all 0 where nothing stands.
   * @param numbersOf a thing and its material: above 0, and always the same.
   */
  drawNumbers(target: WebGLRenderTarget, scene: LoadedScene, camera: Camera, numbersOf: IdsOf): void {
    const materials = this.#numberMaterials;
    const prepare = (surface: Material) => {
      const source = materials.sourceOf(surface);
      if (isBlended(source)) surface.alphaTest = Math.max(source.alphaTest, PICKED_SHARE);
    };
    this.#render(target, scene, camera, materials, prepare, numbersOf);
  }

  #read(target: WebGLRenderTarget, name: PlaneName, texture: number): DataPlane {
    const { width, height } = target;
    const bytes = this.#buffers.take(width * height * BYTES_PER_PX);
    const values = new Float32Array(bytes.buffer);
    this.#renderer.readRenderTargetPixels(target, 0, 0, width, height, values, undefined, texture);
    return { name, values: bytes.buffer };
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
    this.#materials.choose(planes);
    this.#render(target, scene, camera, this.#materials);
  }

  /** @param prepare what a thing is drawn with. */
  #render(
    target: WebGLRenderTarget,
    scene: LoadedScene,
    camera: Camera,
    materials: SurfaceMaterials,
    prepare: (surface: Material, object: Drawable) => void = () => {},
    idsOf: IdsOf = (object, material) => this.#mattesOf(scene).idsOf(object, material),
  ): void {
    const renderer = this.#renderer;
    scene.drawOrder.applyTo(renderer, (material) => materials.sourceOf(material));
    // Engines set both whenever they draw.
    scene.stage.background = scene.stage.environment = null;
    const own = exchange(scene, materials, prepare, idsOf);
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
}

/** What stands for a thing and for its material. */
type IdsOf = (object: Drawable, material: Material) => readonly [number, number];

/** Gives everything the materials of passes. @returns the scene's own. */
function exchange(
  { stage }: LoadedScene,
  materials: SurfaceMaterials,
  prepare: (surface: Material, object: Drawable) => void,
  idsOf: IdsOf,
): Map<Drawable, Material | Material[]> {
  const own = new Map<Drawable, Material | Material[]>();
  stage.traverse((object) => {
    if (!isDrawable(object)) return;
    const { material } = object;
    own.set(object, material);
    const surfaceOf = (one: Material) => {
      const surface = materials.of(one, object, idsOf(object, one));
      prepare(surface, object);
      return surface;
    };
    object.material = Array.isArray(material) ? material.map(surfaceOf) : surfaceOf(material);
  });
  return own;
}

function hasBlended({ stage }: LoadedScene): boolean {
  let has = false;
  stage.traverse((object) => {
    if (isDrawable(object)) has ||= [object.material].flat().some(isBlended);
  });
  return has;
}

/** The bytes of ids: of the object, and of the material. */
const idTarget = ({ widthPx, heightPx }: Size): WebGLRenderTarget =>
  new WebGLRenderTarget(widthPx, heightPx, { count: 2, minFilter: NearestFilter, magFilter: NearestFilter });

const dataTarget = ({ widthPx, heightPx }: Size, count: number): WebGLRenderTarget =>
  new WebGLRenderTarget(widthPx, heightPx, {
    count,
    type: FloatType,
    minFilter: NearestFilter,
    magFilter: NearestFilter,
  });

/** Of a layer that is all of its buffer. */
function bufferOf(layer: Float32Array | undefined): ArrayBuffer {
  if (!(layer?.buffer instanceof ArrayBuffer)) throw new Error('a matte has as many layers as it is asked for');
  return layer.buffer;
}
