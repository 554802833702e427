import { isDataUri, LIMITS } from '@kiln/shared';
import { PAGE_LIMITS } from '../limits.ts';
import { type Accessor, COMPONENT_BYTES, ELEMENT_COMPONENTS, type Gltf, member } from '../scene/gltf-json.ts';
import type { SceneFiles } from '../scene/scene-files.ts';
import { MESHOPT } from './check-references.ts';
import { refuse } from './refuse.ts';

/** Bytes of a buffer; empty for one that only stands for decompressed data. */
export type Buffers = readonly Uint8Array<ArrayBuffer>[];

/** Bytes that views of the same bytes may make beyond twice the buffers: three copies each view. */
const OVERLAP_BYTES = 67_108_864;

/** @throws KilnError `scene.invalid` for a buffer with less bytes than it says, and as `SceneFiles.resolve`. */
export async function readBuffers(
  gltf: Gltf,
  bin: Uint8Array<ArrayBuffer> | null,
  files: SceneFiles,
): Promise<Buffers> {
  const buffers: Uint8Array<ArrayBuffer>[] = [];
  for (const [index, { uri, byteLength, extensions }] of (gltf.buffers ?? []).entries()) {
    const at = `/buffers/${index}`;
    let bytes = new Uint8Array();
    if (uri !== undefined)
      bytes = isDataUri(uri) ? await readDataUri(uri, `${at}/uri`) : await readFile(files, uri, `${at}/uri`);
    else if (index === 0 && bin) bytes = bin;
    else if (MESHOPT.every((name) => member(extensions?.[name], 'fallback') !== true)) {
      throw refuse(
        'scene.invalid',
        `Buffer ${index} has no data: it names no file, and the container holds none. Export the scene again.`,
        at,
      );
    } else {
      buffers.push(bytes);
      continue;
    }
    if (bytes.length < byteLength) {
      const message = `Buffer ${index} says ${byteLength} bytes but has ${bytes.length}: it was cut off. Export or upload the scene again.`;
      throw refuse('scene.invalid', message, `${at}/byteLength`);
    }
    buffers.push(bytes);
  }
  return buffers;
}

async function readFile(files: SceneFiles, uri: string, pointer: string): Promise<Uint8Array<ArrayBuffer>> {
  return files.fetch(files.resolve(uri, pointer));
}

export async function readDataUri(uri: string, pointer: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await (await fetch(uri)).arrayBuffer());
  } catch {
    throw refuse('scene.invalid', `The data: URI at ${pointer} cannot be decoded. Export the scene again.`, pointer);
  }
}

/**
 * Every view lies within its buffer and every accessor within its view, and what three allocates for them stays within
 * limits. References are known to be right.
 *
 * @throws KilnError `scene.invalid`, `scene.over_limit`.
 */
export function checkBufferBounds(gltf: Gltf, buffers: Buffers): void {
  checkViews(gltf, buffers);
  let virtualBytes = 0;
  const compressed = dracoAccessors(gltf);
  for (const [index, accessor] of (gltf.accessors ?? []).entries()) {
    const bytes = checkAccessor(gltf, accessor, `/accessors/${index}`);
    const isPlain = accessor.bufferView !== undefined && !accessor.sparse;
    if (!isPlain && !compressed.has(index)) virtualBytes += bytes;
    if (virtualBytes > PAGE_LIMITS.virtualAccessorBytes) {
      const limit = PAGE_LIMITS.virtualAccessorBytes.toLocaleString('en');
      throw refuse(
        'scene.over_limit',
        `Sparse and empty accessors take more than ${limit} bytes. Check their counts.`,
        `/accessors/${index}/count`,
      );
    }
  }
  let vertexBytes = 0;
  for (const index of vertexAccessors(gltf)) {
    const accessor = gltf.accessors?.[index];
    if (accessor) vertexBytes += accessor.count * elementBytes(accessor);
  }
  if (vertexBytes > LIMITS.sceneBytes) {
    throw refuse(
      'scene.over_limit',
      `The meshes take ${vertexBytes.toLocaleString('en')} bytes, at most ${LIMITS.sceneBytes.toLocaleString('en')} are taken: simplify them.`,
      '/meshes',
    );
  }
}

function checkViews(gltf: Gltf, buffers: Buffers): void {
  let [viewBytes, decodedBytes] = [0, 0];
  for (const [index, view] of (gltf.bufferViews ?? []).entries()) {
    const at = `/bufferViews/${index}`;
    const packed = MESHOPT.map((name) => view.extensions?.[name]).find((extension) => extension !== undefined);
    if (packed === undefined) {
      within(view.byteOffset ?? 0, view.byteLength, buffers[view.buffer]?.length ?? 0, at, 'buffer');
      viewBytes += view.byteLength;
      continue;
    }
    const [buffer, offset, length] = ['buffer', 'byteOffset', 'byteLength'].map((key) =>
      Number(member(packed, key) ?? 0),
    );
    within(offset ?? 0, length ?? 0, buffers[buffer ?? 0]?.length ?? 0, at, 'buffer');
    decodedBytes += view.byteLength;
    const decoded = Number(member(packed, 'count')) * Number(member(packed, 'byteStride'));
    if (decoded !== view.byteLength)
      throw refuse(
        'scene.invalid',
        `${at} does not hold as many bytes as its compressed data. Export the scene again.`,
        at,
      );
  }
  const total = buffers.reduce((sum, { length }) => sum + length, 0);
  if (viewBytes > 2 * total + OVERLAP_BYTES || decodedBytes > LIMITS.sceneBytes) {
    throw refuse(
      'scene.over_limit',
      `The buffer views take ${viewBytes + decodedBytes} bytes of a buffer of ${total}: they overlap too much. Export the scene again.`,
      '/bufferViews',
    );
  }
}

/** @returns bytes of the accessor's elements, unpacked. */
function checkAccessor(gltf: Gltf, accessor: Accessor, at: string): number {
  const { componentType, count, sparse } = accessor;
  const offset = accessor.byteOffset ?? 0;
  const size = elementBytes(accessor);
  const component = COMPONENT_BYTES[componentType];
  if (accessor.bufferView !== undefined) {
    const view = gltf.bufferViews?.[accessor.bufferView];
    const stride = view?.byteStride ?? size;
    aligned(offset, component, at);
    aligned(stride, component, at);
    if (stride < size)
      throw refuse(
        'scene.invalid',
        `${at}: its elements of ${size} bytes are only ${stride} apart. Export the scene again.`,
        at,
      );
    within(offset, stride * (count - 1) + size, view?.byteLength ?? 0, at, 'buffer view');
  }
  if (sparse) {
    if (sparse.count > count)
      throw refuse(
        'scene.invalid',
        `${at} replaces ${sparse.count} of ${count} elements. Export the scene again.`,
        `${at}/sparse/count`,
      );
    const indexBytes = COMPONENT_BYTES[sparse.indices.componentType];
    const views = gltf.bufferViews ?? [];
    aligned(sparse.indices.byteOffset ?? 0, indexBytes, `${at}/sparse/indices`);
    aligned(sparse.values.byteOffset ?? 0, component, `${at}/sparse/values`);
    within(
      sparse.indices.byteOffset ?? 0,
      sparse.count * indexBytes,
      views[sparse.indices.bufferView]?.byteLength ?? 0,
      `${at}/sparse/indices`,
      'buffer view',
    );
    within(
      sparse.values.byteOffset ?? 0,
      sparse.count * size,
      views[sparse.values.bufferView]?.byteLength ?? 0,
      `${at}/sparse/values`,
      'buffer view',
    );
  }
  return count * size;
}

const elementBytes = ({ componentType, type }: Accessor) => COMPONENT_BYTES[componentType] * ELEMENT_COMPONENTS[type];

function within(offset: number, length: number, available: number, at: string, what: string): void {
  if (offset >= 0 && length >= 0 && offset + length <= available) return;
  throw refuse(
    'scene.invalid',
    `${at} needs ${offset + length} bytes of its ${what}, which has ${available}. Export the scene again.`,
    at,
  );
}

function aligned(offset: number, componentBytes: number, at: string): void {
  if (offset % componentBytes === 0) return;
  throw refuse(
    'scene.invalid',
    `${at} is not aligned to its components of ${componentBytes} bytes. Export the scene again.`,
    at,
  );
}

function vertexAccessors(gltf: Gltf): Set<number> {
  const found = new Set<number>();
  for (const { primitives } of gltf.meshes ?? []) {
    for (const { attributes, indices, targets = [] } of primitives) {
      for (const set of [attributes, ...targets]) for (const index of Object.values(set)) found.add(index);
      if (indices !== undefined) found.add(indices);
    }
  }
  return found;
}

/** Accessors whose data comes out of a Draco mesh, so that none is allocated for them. */
function dracoAccessors(gltf: Gltf): Set<number> {
  const found = new Set<number>();
  for (const { primitives } of gltf.meshes ?? []) {
    for (const { attributes, indices, extensions } of primitives) {
      if (!extensions?.KHR_draco_mesh_compression) continue;
      for (const index of Object.values(attributes)) found.add(index);
      if (indices !== undefined) found.add(indices);
    }
  }
  return found;
}
