import { BufferAttribute, BufferGeometry, type InterleavedBufferAttribute, type Material, type Mesh } from 'three';
import { refuse } from '../import/refuse.ts';

type Attribute = BufferAttribute | InterleavedBufferAttribute;

/** Attributes that glTF has a place for. Tangents are left out: three derives them from coordinates and normals. */
const CARRIED = new Set(['position', 'normal', 'color', 'uv', 'uv1', 'uv2', 'uv3', 'skinIndex', 'skinWeight']);
const MORPHED = ['position', 'normal'] as const;

/** Makes geometries that glTF can carry, sharing what is shared. */
export class GltfGeometries {
  readonly #made = new Map<BufferGeometry, Map<string, BufferGeometry>>();

  /**
   * @param place of the mesh, for errors.
   * @returns null when it shows nothing.
   * @throws KilnError `scene.invalid` for vertices that are no numbers and indices that lead nowhere.
   */
  make({ geometry, material }: Pick<Mesh, 'geometry' | 'material'>, place: string): BufferGeometry | null {
    const materials = Array.isArray(material) ? material : [material];
    const hasColors = materials.some(({ vertexColors }) => vertexColors);
    const isFlat = materials.every((one) => 'flatShading' in one && one.flatShading === true);
    const key = `${hasColors}/${isFlat}/${Array.isArray(material) ? materials.length : 'one'}`;
    const variants = this.#made.get(geometry) ?? new Map<string, BufferGeometry>();
    this.#made.set(geometry, variants);
    const known = variants.get(key);
    if (known) return known;
    const made = makeOne(geometry, materials, { hasColors, isFlat }, place);
    if (made) variants.set(key, made);
    return made;
  }
}

function makeOne(
  source: BufferGeometry,
  materials: readonly Material[],
  { hasColors, isFlat }: { readonly hasColors: boolean; readonly isFlat: boolean },
  place: string,
): BufferGeometry | null {
  const position = source.getAttribute('position');
  if (!position || position.count === 0 || position.itemSize !== 3) return null;
  const geometry = new BufferGeometry();
  for (const [name, attribute] of Object.entries(source.attributes)) {
    // glTF draws a mesh without normals flat, and always multiplies by its colours.
    if (!CARRIED.has(name) || (name === 'normal' && isFlat) || (name === 'color' && !hasColors)) continue;
    checkFinite(name, attribute, place);
    geometry.setAttribute(name, carried(name, attribute));
  }
  if (source.index) {
    if (source.index.count === 0) return null;
    checkIndices(source.index, position.count, place);
    geometry.setIndex(source.index);
  }
  geometry.morphTargetsRelative = source.morphTargetsRelative;
  for (const name of MORPHED) {
    const targets = source.morphAttributes[name];
    if (targets && geometry.hasAttribute(name))
      geometry.morphAttributes[name] = targets.map((one) => carried(name, one));
  }
  addGroups(source, geometry, materials.length);
  return geometry;
}

/** Groups that reach beyond the end, or name a material that is not there, are cut or left out. */
function addGroups(source: BufferGeometry, geometry: BufferGeometry, materialCount: number): void {
  if (materialCount < 2 && source.groups.length === 0) return;
  const total = source.index?.count ?? source.getAttribute('position').count;
  for (const { start, count, materialIndex = 0 } of source.groups) {
    const end = Math.min(total, start + count);
    if (start < 0 || !(end > start) || materialIndex >= materialCount) continue;
    geometry.addGroup(start, end - start, materialIndex);
  }
  if (geometry.groups.length === 0) geometry.addGroup(0, total, 0);
}

const EXPORTED_ARRAYS = [Float32Array, Uint32Array, Uint16Array, Uint8Array, Int16Array, Int8Array];

/** Colours and coordinates of integers are not normalised in every loader's hands; floats always are what they say. */
function carried(name: string, attribute: Attribute): Attribute {
  const isExported = EXPORTED_ARRAYS.some((type) => attribute.array instanceof type);
  const isPlain =
    isExported && (attribute.array instanceof Float32Array || name === 'skinIndex' || attribute.normalized);
  const itemSize = name.startsWith('uv') ? 2 : attribute.itemSize;
  if (isPlain && attribute instanceof BufferAttribute && itemSize === attribute.itemSize) return attribute;
  const values = new Float32Array(attribute.count * itemSize);
  for (let i = 0; i < attribute.count; i += 1) {
    for (let c = 0; c < itemSize; c += 1) values[i * itemSize + c] = attribute.getComponent(i, c);
  }
  return new BufferAttribute(name === 'skinIndex' ? Uint16Array.from(values) : values, itemSize);
}

/** Coordinates and normals that are no numbers spoil a triangle; positions and colours that are none, the picture. */
function checkFinite(name: string, { array, itemSize }: Attribute, place: string): void {
  const isSpared = name.startsWith('uv') || name === 'normal';
  for (let i = 0; i < array.length; i += 1) {
    if (Number.isFinite(array[i])) continue;
    if (!isSpared) {
      const vertex = Math.floor(i / itemSize);
      throw refuse(
        'scene.invalid',
        `The ${name} of vertex ${vertex} of ${place} is no number. Export it again.`,
        place,
      );
    }
    array[i] = 0;
  }
}

function checkIndices(index: BufferAttribute, vertices: number, place: string): void {
  for (let i = 0; i < index.count; i += 1) {
    const vertex = index.getX(i);
    if (vertex >= 0 && vertex < vertices) continue;
    const message = `A face of ${place} refers to vertex ${vertex}, but it has ${vertices}. Export the scene again.`;
    throw refuse('scene.invalid', message, place);
  }
}
