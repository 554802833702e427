/** All triangles of a posed scene in one geometry, in world space: what rays are traced against. */
import {
  BufferAttribute,
  BufferGeometry,
  Matrix3,
  type Matrix4,
  type Mesh,
  SkinnedMesh,
  Vector3,
  Vector4,
} from 'three';

/** Floats of a vertex in the tracer's attribute textures. */
const FLOATS = { position: 3, normal: 3, tangent: 4, uv: 2, color: 4 } as const;

export interface PlacedMesh {
  readonly mesh: Mesh;
  /** From its own space into the world. */
  readonly place: Matrix4;
  readonly materialIndex: number;
  /** Name of the attribute that its textures are looked up with. */
  readonly uv: string;
  /** Whether it is to have tangents that the file does not give. */
  readonly needsTangents: boolean;
}

/**
 * Bakes meshes in their order, so that all workers make the same: skins and morph targets applied, instances one by one.
 * Quantised and interleaved attributes become floats.
 *
 * @param placed posed.
 * @returns indexed, with `position`, `normal`, `tangent`, `uv`, `color` and `materialIndex`. Triangles with a vertex that
 *   is not finite are left out; without any triangle it has one of no area.
 */
export function bakeGeometry(placed: readonly PlacedMesh[]): BufferGeometry {
  const vertices = placed.reduce((sum, { mesh }) => sum + mesh.geometry.getAttribute('position').count, 3);
  const corners = placed.reduce((sum, { mesh }) => sum + cornersOf(mesh.geometry), 3);
  const baked = {
    position: new Float32Array(vertices * FLOATS.position),
    normal: new Float32Array(vertices * FLOATS.normal),
    tangent: new Float32Array(vertices * FLOATS.tangent),
    uv: new Float32Array(vertices * FLOATS.uv),
    color: new Float32Array(vertices * FLOATS.color).fill(1),
  };
  const materialIndex = new Uint16Array(vertices);
  const index = new Uint32Array(corners);
  let [vertexAt, cornerAt] = [0, 0];
  for (const each of placed) {
    const { position, ...others } = bakeMesh(each);
    const count = position.length / FLOATS.position;
    baked.position.set(position, vertexAt * FLOATS.position);
    baked.normal.set(others.normal, vertexAt * FLOATS.normal);
    if (others.tangent) baked.tangent.set(others.tangent, vertexAt * FLOATS.tangent);
    if (others.uv) baked.uv.set(others.uv, vertexAt * FLOATS.uv);
    if (others.color) baked.color.set(others.color, vertexAt * FLOATS.color);
    materialIndex.fill(each.materialIndex, vertexAt, vertexAt + count);
    for (const [a, b, c] of trianglesOf(each.mesh.geometry, each.place.determinant() < 0)) {
      if (![a, b, c].every((corner) => isFiniteAt(position, corner))) continue;
      index.set([vertexAt + a, vertexAt + b, vertexAt + c], cornerAt);
      cornerAt += 3;
    }
    vertexAt += count;
  }
  const geometry = new BufferGeometry();
  for (const [name, itemSize] of Object.entries(FLOATS)) {
    const array = baked[name as keyof typeof FLOATS];
    geometry.setAttribute(name, new BufferAttribute(array, itemSize));
  }
  geometry.setAttribute('materialIndex', new BufferAttribute(materialIndex, 1));
  // The last vertices are all zero: a triangle of no area, where there is no other.
  if (cornerAt === 0) cornerAt = 3;
  geometry.setIndex(new BufferAttribute(index.slice(0, cornerAt), 1));
  return geometry;
}

const cornersOf = (geometry: BufferGeometry): number =>
  Math.floor((geometry.index?.count ?? geometry.getAttribute('position').count) / 3) * 3;

function* trianglesOf(geometry: BufferGeometry, mirrored: boolean): Generator<readonly [number, number, number]> {
  const { index } = geometry;
  const cornerOf = (at: number) => index?.getX(at) ?? at;
  for (let at = 0; at < cornersOf(geometry); at += 3) {
    const [a, b, c] = [cornerOf(at), cornerOf(at + 1), cornerOf(at + 2)];
    yield mirrored ? [c, b, a] : [a, b, c];
  }
}

const isFiniteAt = (positions: Float32Array, vertex: number): boolean =>
  [0, 1, 2].every((axis) => Number.isFinite(positions[vertex * 3 + axis]));

interface BakedMesh {
  readonly position: Float32Array;
  readonly normal: Float32Array;
  readonly tangent: Float32Array | null;
  readonly uv: Float32Array | null;
  readonly color: Float32Array | null;
}

function bakeMesh({ mesh, place, uv: uvName, needsTangents }: PlacedMesh): BakedMesh {
  const { geometry } = mesh;
  const position = bakePositions(mesh, place);
  const uv = copyOf(geometry, uvName, FLOATS.uv);
  const normal = geometry.getAttribute('normal')
    ? bakeDirections(mesh, 'normal', place)
    : normalsOf(position, geometry.index);
  const tangent = geometry.getAttribute('tangent')
    ? withHandedness(bakeDirections(mesh, 'tangent', place), geometry)
    : needsTangents && uv
      ? tangentsOf(position, normal, uv, geometry.index)
      : null;
  return { position, normal, tangent, uv, color: copyOf(geometry, 'color', FLOATS.color, 1) };
}

function bakePositions(mesh: Mesh, place: Matrix4): Float32Array {
  const { count } = mesh.geometry.getAttribute('position');
  const out = new Float32Array(count * 3);
  const vertex = new Vector3();
  for (let i = 0; i < count; i += 1)
    mesh
      .getVertexPosition(i, vertex)
      .applyMatrix4(place)
      .toArray(out, i * 3);
  return out;
}

/** Unit vectors as three's vertex shaders turn them: morphed, skinned, then by the mesh's own place. */
function bakeDirections(mesh: Mesh, name: 'normal' | 'tangent', place: Matrix4): Float32Array {
  const { geometry, morphTargetInfluences } = mesh;
  const attribute = geometry.getAttribute(name);
  // three morphs no tangents.
  const morphs = name === 'normal' ? (geometry.morphAttributes.normal ?? []) : [];
  const out = new Float32Array(attribute.count * 3);
  const direction = new Vector3();
  const turned = new Vector4();
  const morph = new Vector3();
  const normalMatrix = new Matrix3().getNormalMatrix(place);
  for (let i = 0; i < attribute.count; i += 1) {
    direction.fromBufferAttribute(attribute, i);
    morphs.forEach((target, at) => {
      const weight = morphTargetInfluences?.[at] ?? 0;
      if (weight !== 0) direction.addScaledVector(morph.fromBufferAttribute(target, i), weight);
    });
    if (mesh instanceof SkinnedMesh) {
      mesh.applyBoneTransform(i, turned.set(direction.x, direction.y, direction.z, 0));
      direction.set(turned.x, turned.y, turned.z);
    }
    if (name === 'normal') direction.applyMatrix3(normalMatrix);
    else direction.transformDirection(place);
    direction.normalize().toArray(out, i * 3);
  }
  return out;
}

function withHandedness(directions: Float32Array, geometry: BufferGeometry): Float32Array {
  const attribute = geometry.getAttribute('tangent');
  const out = new Float32Array(attribute.count * 4);
  for (let i = 0; i < attribute.count; i += 1) {
    out.set(directions.subarray(i * 3, i * 3 + 3), i * 4);
    out[i * 4 + 3] = attribute.getW(i);
  }
  return out;
}

/** @param rest of components that the attribute does not have. */
function copyOf(geometry: BufferGeometry, name: string, floats: number, rest = 0): Float32Array | null {
  const attribute = geometry.getAttribute(name);
  if (!attribute) return null;
  const out = new Float32Array(attribute.count * floats).fill(rest);
  const shared = Math.min(floats, attribute.itemSize);
  for (let i = 0; i < attribute.count; i += 1) {
    for (let c = 0; c < shared; c += 1) out[i * floats + c] = attribute.getComponent(i, c);
  }
  return out;
}

function normalsOf(position: Float32Array, index: BufferGeometry['index']): Float32Array {
  const geometry = new BufferGeometry().setAttribute('position', new BufferAttribute(position, 3)).setIndex(index);
  geometry.computeVertexNormals();
  return floatsOf(geometry, 'normal');
}

/** As three's fragment shaders derive them where the file has none: along the texture's axes. */
function tangentsOf(
  position: Float32Array,
  normal: Float32Array,
  uv: Float32Array,
  index: BufferGeometry['index'],
): Float32Array {
  const count = position.length / 3;
  const geometry = new BufferGeometry()
    .setAttribute('position', new BufferAttribute(position, 3))
    .setAttribute('normal', new BufferAttribute(normal, 3))
    .setAttribute('uv', new BufferAttribute(uv, 2))
    .setIndex(
      index ??
        new BufferAttribute(
          Uint32Array.from({ length: count }, (_, i) => i),
          1,
        ),
    );
  geometry.computeTangents();
  return floatsOf(geometry, 'tangent');
}

function floatsOf(geometry: BufferGeometry, name: string): Float32Array {
  const { array } = geometry.getAttribute(name);
  if (!(array instanceof Float32Array)) throw new Error(`three computes ${name} as floats`);
  return array;
}
