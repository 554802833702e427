/** A loaded scene in the path tracer's form: geometry and lights of one pose, materials and textures of all. */
import {
  Color,
  DirectionalLight,
  HalfFloatType,
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
import { RenderTarget2DArray } from 'three-gpu-pathtracer/src/uniforms/RenderTarget2DArray.js';
import { MeshBVH, SAH } from 'three-mesh-bvh';
import { PAGE_LIMITS } from '../../limits.ts';
import type { LoadedScene } from '../../scene/loaded-scene.ts';
import { bakeGeometry } from './baked-geometry.ts';
import { type Emitters, emittersOf } from './emitters.ts';
import { makeOddSized } from './odd-size.ts';
import { materialOf, tracedTextures } from './traceable.ts';
import type { Tracer } from './tracer-material.ts';

/** A texture of few pixels that are not to be smoothed keeps their edges. */
const SMALLEST_TEXTURE_PX = 256;
/** Half floats, RGBA. */
const TEXEL_BYTES = 8;

export class TracedScene {
  readonly #tracer: Tracer;
  readonly #materials: readonly Material[];
  #emitters: Emitters | null = null;
  readonly #root: Object3D;
  readonly #materialIndices: ReadonlyMap<object, number>;
  readonly #textures: RenderTarget2DArray;

  /**
   * Puts materials and textures of a scene into the tracer's material.
   */
  constructor(renderer: WebGLRenderer, tracer: Tracer, scene: LoadedScene) {
    this.#tracer = tracer;
    this.#root = scene.stage;
    const own = ownMaterials(scene.stage);
    this.#materialIndices = new Map(own.map((each, index) => [each, index]));
    this.#materials = own.map(tracedMaterial);
    const textures = uniqueTextures(this.#materials);
    this.#textures = new RenderTarget2DArray(1, 1, { type: HalfFloatType });
    const edgePx = textureEdgePx(scene.largestTexturePx, textures.length);
    this.#textures.setTextures(renderer, textures, edgePx, edgePx);
    tracer.material.textures = this.#textures.texture;
    tracer.material.materials.updateFrom(this.#materials, textures);
    makeOddSized(tracer.material.materials);
  }

  /** Takes geometry and lights over as the scene is posed now. */
  bake(): void {
    const geometry = bakeGeometry(this.#root, this.#materialIndices);
    const { material, emitters } = this.#tracer;
    // Leaves of one triangle, as the tracer's shader reads them; built anew for each pose, so that a frame does not
    // depend on those before it.
    material.bvh.updateFrom(new MeshBVH(geometry, { strategy: SAH, targetLeafSize: 1, indirect: true }));
    const { normal, tangent, uv, color, materialIndex } = geometry.attributes;
    material.attributesArray.updateFrom(normal, tangent, uv, color);
    material.materialIndexAttribute.updateFrom(materialIndex);
    material.lights.updateFrom(lightsOf(this.#root));
    const { index, position, bvhBounds, bvhContents } = material.bvh;
    const tables = [index, position, bvhBounds, bvhContents, material.attributesArray, material.materialIndexAttribute];
    for (const table of [...tables, material.lights.tex]) makeOddSized(table);
    this.#emitters?.table.dispose();
    this.#emitters = emittersOf(geometry, this.#materials);
    emitters.table.value = this.#emitters.table;
    emitters.count.value = this.#emitters.count;
    emitters.weight.value = this.#emitters.weight;
  }

  dispose(): void {
    this.#textures.dispose();
    this.#emitters?.table.dispose();
  }
}

/** Each once, in the order of the tree; also of what is hidden now. */
function ownMaterials(root: Object3D): Material[] {
  const found = new Set<Material>();
  root.traverse((object) => {
    if (object instanceof Mesh) found.add(materialOf(object));
  });
  return [...found];
}

/** An unlit surface gives its colour as light whatever falls on it, and reflects nothing. */
function tracedMaterial(material: Material): Material {
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
function textureEdgePx(largestPx: number, count: number): number {
  const fitting = 2 ** Math.ceil(Math.log2(Math.max(SMALLEST_TEXTURE_PX, largestPx)));
  let edgePx = Math.min(PAGE_LIMITS.tracedTexturePx, fitting);
  while (edgePx > 1 && edgePx ** 2 * TEXEL_BYTES * count > PAGE_LIMITS.tracedTextureBytes) edgePx /= 2;
  return edgePx;
}

/** In the order of the tree. */
function lightsOf(root: Object3D): Light[] {
  const lights: Light[] = [];
  root.traverseVisible((object) => {
    const isPunctual =
      object instanceof PointLight || object instanceof SpotLight || object instanceof DirectionalLight;
    if (isPunctual && object.intensity > 0) lights.push(object);
  });
  return lights;
}
