import {
  LineBasicMaterial,
  type Material,
  MeshBasicMaterial,
  MeshStandardMaterial,
  NoBlending,
  PointsMaterial,
  Vector2,
  Vector4,
} from 'three';
import type { Drawable } from '../../scene/drawable.ts';
import { type MotionUniforms, motionUniforms } from './motion.ts';
import { PLANES } from './planes.ts';
import { passShader, type SurfaceKind, type SurfaceOutput } from './surface-shader.ts';

/** A blended surface that lets more than so much through is not there: one sees what stands behind it. */
const OPAQUE_SHARE = 0.5;

type Surface = MeshStandardMaterial | PointsMaterial | LineBasicMaterial;

/** What the scene's materials are drawn with in data passes: made once of each for each thing, and freed with it. */
export class SurfaceMaterials {
  readonly #known = new WeakMap<Drawable, Map<Material, Surface>>();
  readonly #sources = new WeakMap<Material, Material>();
  readonly #motions = new WeakMap<Material, MotionUniforms>();
  readonly #output: SurfaceOutput;
  /** One for all. */
  readonly #planeOfTarget = { value: new Vector4() };

  constructor(output: SurfaceOutput) {
    this.#output = output;
  }

  /** Which planes are drawn, target by target. */
  choose(planes: readonly (typeof PLANES)[number][]): void {
    const places = planes.map((plane) => PLANES.indexOf(plane));
    this.#planeOfTarget.value.set(places[0] ?? 0, places[1] ?? 0, places[2] ?? 0, places[3] ?? 0);
  }

  /**
   * @param source as it is now: clips change colours too.
   * @param ids of the object and of the material: floats that stand for their names, or numbers.
   */
  of(source: Material, object: Drawable, ids: readonly [number, number]): Material {
    const surface = this.#known.get(object)?.get(source) ?? this.#create(source, object, ids);
    copyShared(source, surface);
    if (surface instanceof MeshStandardMaterial) copyMesh(source, surface);
    else if (surface instanceof PointsMaterial && source instanceof PointsMaterial) {
      surface.color.copy(source.color);
      surface.map = source.map;
      surface.size = source.size;
      surface.sizeAttenuation = source.sizeAttenuation;
    } else if (source instanceof LineBasicMaterial) surface.color.copy(source.color);
    return surface;
  }

  /** What a material that `of` answered stands for. */
  sourceOf(surface: Material): Material {
    return this.#sources.get(surface) ?? surface;
  }

  /** What tells a material that `of` answered how its thing moves. Of `motion`. */
  motionOf(surface: Material): MotionUniforms {
    const uniforms = this.#motions.get(surface) ?? motionUniforms();
    this.#motions.set(surface, uniforms);
    return uniforms;
  }

  #create(source: Material, object: Drawable, ids: readonly [number, number]): Surface {
    const kind = kindOf(source);
    const surface =
      kind === 'points'
        ? new PointsMaterial()
        : kind === 'lines'
          ? new LineBasicMaterial()
          : new MeshStandardMaterial();
    const output = this.#output;
    surface.name = `${output}-${kind}`;
    surface.blending = NoBlending;
    surface.onBeforeCompile = (shader) => {
      passShader(kind, output, shader);
      if (output === 'ids') shader.uniforms.matteIds = { value: ids.map(bytesOf) };
      if (output === 'numbers') shader.uniforms.surfaceNumbers = { value: new Vector2(...ids) };
      if (output === 'motion') Object.assign(shader.uniforms, this.motionOf(surface));
      if (output === 'planes') shader.uniforms.planeOfTarget = this.#planeOfTarget;
    };
    surface.customProgramCacheKey = () => surface.name;
    this.#known.set(object, (this.#known.get(object) ?? new Map()).set(source, surface));
    this.#sources.set(surface, source);
    source.addEventListener('dispose', () => surface.dispose());
    return surface;
  }
}

function kindOf(source: Material): SurfaceKind {
  if (source instanceof PointsMaterial) return 'points';
  if (source instanceof LineBasicMaterial) return 'lines';
  return source instanceof MeshBasicMaterial ? 'unlit' : 'lit';
}

const float = new Float32Array(1);
const bytes = new Uint8Array(float.buffer);

/** Those of a float, as a target of bytes keeps them. */
function bytesOf(id: number): Vector4 {
  float[0] = id;
  const [x = 0, y = 0, z = 0, w = 0] = bytes;
  return new Vector4(x, y, z, w).divideScalar(255);
}

export const isBlended = ({ transparent, alphaHash }: Material) => transparent || alphaHash;

function copyShared(source: Material, surface: Surface): void {
  surface.alphaTest = isBlended(source) ? Math.max(source.alphaTest, OPAQUE_SHARE) : source.alphaTest;
  surface.opacity = source.opacity;
  surface.side = source.side;
  surface.vertexColors = source.vertexColors;
  surface.visible = source.visible;
}

function copyMesh(source: Material, surface: MeshStandardMaterial): void {
  // The glTF loader says this of unlit surfaces without normals too.
  surface.flatShading = 'flatShading' in source && source.flatShading === true;
  if (source instanceof MeshBasicMaterial || source instanceof MeshStandardMaterial) {
    surface.color.copy(source.color);
    surface.map = source.map;
    surface.alphaMap = source.alphaMap;
  }
  if (!(source instanceof MeshStandardMaterial)) return;
  surface.normalMap = source.normalMap;
  surface.normalMapType = source.normalMapType;
  surface.normalScale.copy(source.normalScale);
  surface.emissive.copy(source.emissive);
  surface.emissiveIntensity = source.emissiveIntensity;
  surface.emissiveMap = source.emissiveMap;
}
