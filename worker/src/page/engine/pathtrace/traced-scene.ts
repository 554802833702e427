/** A loaded scene in the path tracer's form: geometry and lights of one pose, materials and textures of all. */
import {
  Color,
  DirectionalLight,
  type Light,
  type Material,
  Mesh,
  MeshBasicMaterial,
  MeshPhysicalMaterial,
  type Object3D,
  PointLight,
  SpotLight,
  type Texture,
  type WebGLRenderer,
} from 'three';
import type { RenderTarget2DArray } from 'three-gpu-pathtracer/src/uniforms/RenderTarget2DArray.js';
import { PAGE_LIMITS } from '../../limits.ts';
import type { LoadedScene } from '../../scene/loaded-scene.ts';
import { whileResting } from '../../while-resting.ts';
import type { Rest } from '../engine.ts';
import { Baking } from './baking.ts';
import { luminanceOf } from './emitters.ts';
import { makeOddSized } from './odd-size.ts';
import type { TraceTables } from './trace-messages.ts';
import { materialOf, tracedTextures } from './traceable.ts';
import type { Tracer } from './tracer-material.ts';
import { uploadTable } from './upload-table.ts';

/** A texture of few pixels that are not to be smoothed keeps their edges. */
const SMALLEST_TEXTURE_PX = 256;
/** Half floats, RGBA. */
const TEXEL_BYTES = 8;

/** Puts one scene into the tracer's material, in the pose that is asked for. */
export class TracedScene {
  readonly #renderer: WebGLRenderer;
  readonly #tracer: Tracer;
  /** Of all scenes, one after the other. */
  readonly #textures: RenderTarget2DArray;
  readonly #scene: LoadedScene;
  readonly #baking: Baking;
  #look: { readonly key: string; readonly materials: readonly Material[] } | null = null;
  /** What the scene takes of the GPU for being traced. */
  #gpuBytes = 0;

  /** @param textures what the tracer's material looks textures up in. */
  constructor(renderer: WebGLRenderer, tracer: Tracer, textures: RenderTarget2DArray, scene: LoadedScene) {
    this.#renderer = renderer;
    this.#tracer = tracer;
    this.#textures = textures;
    this.#scene = scene;
    this.#baking = new Baking(scene.stage);
  }

  /**
   * Takes the scene over as it is posed now. While it rests another may be taken: then nothing of this one counts.
   *
   * @param look tells whether materials look as they did.
   * @throws KilnError `job.too_large`, `render.failed`.
   */
  async take(look: string, rest: Rest): Promise<void> {
    const { material, emitters } = this.#tracer;
    const root = this.#scene.stage;
    const own = ownMaterials(root);
    const materials = this.#look?.key === look ? this.#look.materials : own.map(tracedMaterial);
    this.#look = { key: look, materials };
    const textures = uniqueTextures(materials);
    material.materials.updateFrom(materials, textures);
    makeOddSized(material.materials);
    material.lights.updateFrom(lightsOf(root));
    makeOddSized(material.lights.tex);
    const indices = new Map(own.map((each, index) => [each, index]));
    const baked = await this.#baking.begin(indices, materials.map(luminanceOf), rest);
    await this.#drawTextures(textures, rest);
    const tables = await whileResting(baked.tables, rest);
    for (const [texture, table] of [
      [material.bvh.index, tables.index],
      [material.bvh.position, tables.position],
      [material.bvh.bvhBounds, tables.bvhBounds],
      [material.bvh.bvhContents, tables.bvhContents],
      [material.attributesArray, tables.attributes],
      [material.materialIndexAttribute, tables.materialIndex],
      [emitters.table.value, tables.emitters],
    ] as const)
      await uploadTable(this.#renderer, texture, table, rest);
    const edgePx = this.#textures.width;
    this.#count(bytesOf(tables) + edgePx ** 2 * TEXEL_BYTES * Math.max(1, textures.length));
    emitters.count.value = tables.emitterCount;
    emitters.weight.value = tables.emitterWeight;
  }

  end(): void {
    this.#baking.end();
    this.#count(0);
  }

  #count(gpuBytes: number): void {
    this.#scene.gpuBytes += gpuBytes - this.#gpuBytes;
    this.#gpuBytes = gpuBytes;
  }

  /** One after the other: those that are there already cost nothing. */
  async #drawTextures(textures: readonly Texture[], rest: Rest): Promise<void> {
    const edgePx = textureEdgePx(this.#scene.largestTexturePx, textures.length);
    this.#textures.setTextures(
      this.#renderer,
      textures.map(() => null),
      edgePx,
      edgePx,
    );
    // Without textures three would bind one of another kind in its place, and llvmpipe compile the tracer's shader again.
    this.#renderer.initRenderTarget(this.#textures);
    for (const texture of textures) {
      const only = textures.map((each) => (each === texture ? each : null));
      const wasDrawn = this.#textures.setTextures(this.#renderer, only, edgePx, edgePx);
      if (wasDrawn) await rest();
    }
  }
}

const bytesOf = (tables: TraceTables): number =>
  Object.values(tables).reduce((sum, each) => sum + (typeof each === 'number' ? 0 : each.data.byteLength), 0);

/** Each once, in the order of the tree; also of what is hidden now. */
export function ownMaterials(root: Object3D): Material[] {
  const found = new Set<Material>();
  root.traverse((object) => {
    if (object instanceof Mesh) found.add(materialOf(object));
  });
  return [...found];
}

/** An unlit surface gives its colour as light whatever falls on it, and reflects nothing. */
export function tracedMaterial(material: Material): Material {
  if (!(material instanceof MeshBasicMaterial)) return material;
  const { name, color, map, opacity, transparent, alphaTest, side, vertexColors } = material;
  // The map's alpha is the surface's.
  const surface = { name, map, opacity, transparent, alphaTest, side, vertexColors };
  const unlit = { color: new Color(0, 0, 0), roughness: 1, metalness: 0, specularIntensity: 0 };
  return new MeshPhysicalMaterial({ ...surface, ...unlit, emissive: color, emissiveMap: map });
}

/** The tracer keeps one layer for textures of one image in one colour space. */
function uniqueTextures(materials: readonly Material[]): Texture[] {
  const found = new Map<string, Texture>();
  for (const texture of materials.flatMap(tracedTextures)) {
    const key = `${texture.source.uuid}:${texture.colorSpace}`;
    if (!found.has(key)) found.set(key, texture);
  }
  return [...found.values()];
}

/** The tracer has one array for all textures: as large as the largest of them, within the limits. */
export function textureEdgePx(largestPx: number, count: number): number {
  const fitting = 2 ** Math.ceil(Math.log2(Math.max(SMALLEST_TEXTURE_PX, largestPx)));
  let edgePx = Math.min(PAGE_LIMITS.tracedTexturePx, fitting);
  while (edgePx > 1 && edgePx ** 2 * TEXEL_BYTES * count > PAGE_LIMITS.tracedTextureBytes) edgePx /= 2;
  return edgePx;
}

/** In the order of the tree. */
export function lightsOf(root: Object3D): Light[] {
  const lights: Light[] = [];
  root.traverseVisible((object) => {
    const isPunctual =
      object instanceof PointLight || object instanceof SpotLight || object instanceof DirectionalLight;
    if (isPunctual && object.intensity > 0) lights.push(object);
  });
  return lights;
}
