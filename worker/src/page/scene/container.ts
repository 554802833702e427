import { KilnError } from '@kiln/shared';
import { PAGE_LIMITS } from '../limits.ts';

const GLB_HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;
const GLB_MAGIC = 0x46_54_6c_67;
const CHUNK_JSON = 0x4e_4f_53_4a;
const CHUNK_BIN = 0x00_4e_49_42;

export interface Container {
  /** The glTF's text. */
  readonly json: string;
  /** The binary chunk of a GLB, a view into the file. */
  readonly bin: Uint8Array<ArrayBuffer> | null;
}

export const isGlb = (bytes: Uint8Array): boolean =>
  bytes.length >= 4 && bytes[0] === 0x67 && bytes[1] === 0x6c && bytes[2] === 0x54 && bytes[3] === 0x46;

/**
 * Splits a `.glb` or `.gltf` file.
 *
 * @param path names the file in errors.
 * @throws KilnError `scene.bad_container`, `scene.bad_json`, `scene.over_limit`.
 */
export function readContainer(bytes: Uint8Array<ArrayBuffer>, path: string): Container {
  if (isGlb(bytes)) return readGlb(bytes, path);
  return { json: decodeJson(bytes, path), bin: null };
}

/**
 * | offset | size | meaning |
 * | --- | --- | --- |
 * | 0 | 4 | magic `glTF` |
 * | 4 | 4 | version, 2 |
 * | 8 | 4 | length of the whole file |
 * | 12 | 8 + n | chunks: u32 length, u32 type, bytes; first JSON, then at most one BIN, then unknown ones |
 */
function readGlb(bytes: Uint8Array<ArrayBuffer>, path: string): Container {
  const bad = (what: string, now: string) =>
    new KilnError('scene.bad_container', `${path} is a damaged GLB file: ${what}. ${now}`, { field: path });
  const again = 'Export or upload it again.';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < GLB_HEADER_BYTES)
    throw bad(`it ends within its 12-byte header, after ${bytes.length} bytes`, again);
  if (view.getUint32(0, true) !== GLB_MAGIC) throw bad('it does not begin with "glTF"', again);
  const version = view.getUint32(4, true);
  if (version !== 2) throw bad(`its version is ${version} where 2 was expected`, 'Export it as glTF 2.0.');
  const length = view.getUint32(8, true);
  if (length !== bytes.length) throw bad(`its header says ${length} bytes, the file has ${bytes.length}`, again);

  let json: string | null = null;
  let bin: Uint8Array<ArrayBuffer> | null = null;
  for (let offset = GLB_HEADER_BYTES, index = 0; offset < length; index += 1) {
    if (offset + CHUNK_HEADER_BYTES > length) throw bad(`the file ends within the header of chunk ${index}`, again);
    const size = view.getUint32(offset, true);
    const type = view.getUint32(offset + 4, true);
    const start = offset + CHUNK_HEADER_BYTES;
    const left = length - start;
    if (size > left) throw bad(`chunk ${index} says ${size} bytes, ${left} are left`, again);
    const chunk = bytes.subarray(start, start + size);
    if (index === 0) {
      if (type !== CHUNK_JSON) throw bad('its first chunk is not JSON', again);
      json = decodeJson(chunk, path);
    } else if (index === 1 && type === CHUNK_BIN) {
      bin = chunk;
    }
    offset = start + size;
  }
  if (json === null) throw bad('it has no JSON chunk', again);
  return { json, bin };
}

function decodeJson(bytes: Uint8Array, path: string): string {
  if (bytes.length > PAGE_LIMITS.jsonBytes) {
    throw new KilnError(
      'scene.over_limit',
      `The glTF text in ${path} has ${bytes.length} bytes, at most ${PAGE_LIMITS.jsonBytes} can be read: ` +
        'export buffers and textures as binary, not as data: URIs.',
      { field: path },
    );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new KilnError('scene.bad_json', `The glTF in ${path} is not UTF-8 text: export it again.`, {
      field: path,
      cause,
    });
  }
}

/** @throws KilnError `scene.bad_json`. */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new KilnError('scene.bad_json', `The glTF in ${path} is not JSON (${why}): export it again.`, {
      field: path,
      cause,
    });
  }
}
