import { baseName, isDataUri } from '@kiln/shared';
import { readBuffers, readDataUri } from '../import/check-buffers.ts';
import { MESHOPT } from '../import/check-references.ts';
import { readImageSize } from '../import/image-size.ts';
import { readGltf } from '../import/read-gltf.ts';
import { readContainer } from '../scene/container.ts';
import { type Gltf, member } from '../scene/gltf-json.ts';
import type { SceneFiles } from '../scene/scene-files.ts';
import { glbOf } from './glb-of.ts';

/** A glTF that was checked, with all that it refers to, as one GLB. Nothing of it changes. */
export async function packGltf(files: SceneFiles): Promise<Blob> {
  const { entry } = files.scene;
  const { json, bin } = readContainer(await files.fetch(entry), entry);
  const gltf = readGltf(json, entry);
  const parts = new Parts();
  const buffers = await readBuffers(gltf, bin, files);
  const offsets = buffers.map((bytes) => (bytes.length === 0 ? null : parts.add(bytes)));
  moveViews(gltf, offsets);
  await packImages(gltf, files, parts);
  return glbOf(gltf, parts.list);
}

/** Pieces of a buffer, each aligned to the largest component. */
class Parts {
  readonly list: Uint8Array<ArrayBuffer>[] = [];
  #length = 0;

  /** @returns its offset. */
  add(bytes: Uint8Array<ArrayBuffer>): number {
    const offset = this.#length;
    const padding = new Uint8Array((4 - (bytes.length % 4)) % 4);
    this.list.push(bytes, padding);
    this.#length += bytes.length + padding.length;
    return offset;
  }
}

/**
 * Buffers with data become one, the first; those that only stand for decompressed data stay behind it.
 *
 * @param offsets where each buffer lies in it; null for one without data.
 */
function moveViews(gltf: Gltf, offsets: readonly (number | null)[]): void {
  const behind = (gltf.buffers ?? []).filter((_, index) => offsets[index] === null);
  const numberOf = (index: number) => {
    const buffer = gltf.buffers?.[index];
    return offsets[index] === null && buffer ? 1 + behind.indexOf(buffer) : 0;
  };
  for (const view of gltf.bufferViews ?? []) {
    const packed = MESHOPT.map((name) => view.extensions?.[name]).filter(
      (one) => typeof one === 'object' && one !== null,
    );
    for (const one of packed) {
      const buffer = Number(member(one, 'buffer'));
      Object.assign(one, { buffer: 0, byteOffset: Number(member(one, 'byteOffset') ?? 0) + (offsets[buffer] ?? 0) });
    }
    view.byteOffset = (view.byteOffset ?? 0) + (offsets[view.buffer] ?? 0);
    view.buffer = numberOf(view.buffer);
  }
  gltf.buffers = [{ byteLength: 1 }, ...behind];
}

async function packImages(gltf: Gltf, files: SceneFiles, parts: Parts): Promise<void> {
  for (const [index, image] of (gltf.images ?? []).entries()) {
    const { uri } = image;
    if (uri === undefined) continue;
    const at = `/images/${index}/uri`;
    const bytes = isDataUri(uri) ? await readDataUri(uri, at) : await files.fetch(files.resolve(uri, at));
    if (!isDataUri(uri)) image.name ??= baseName(uri);
    const mimeType = readImageSize(bytes)?.mediaType;
    if (mimeType !== undefined) image.mimeType = mimeType;
    delete image.uri;
    gltf.bufferViews ??= [];
    image.bufferView = gltf.bufferViews.push({ buffer: 0, byteOffset: parts.add(bytes), byteLength: bytes.length }) - 1;
  }
  if (parts.list.length === 0) delete gltf.buffers;
}
