import { LIMITS } from '@kiln/shared';
import { refuse } from '../import/refuse.ts';
import { member } from '../scene/gltf-json.ts';

const HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;

/**
 * A GLB of this glTF, whose one buffer is these parts together; their length is written into it. See `readContainer`.
 *
 * @throws KilnError `scene.over_limit` when it is larger than a file may be.
 */
export function glbOf(gltf: unknown, parts: readonly Uint8Array<ArrayBuffer>[]): Blob {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const buffers = member(gltf, 'buffers');
  if (length > 0 && Array.isArray(buffers)) Object.assign(Object(buffers[0]), { byteLength: length });
  const text = padded(new TextEncoder().encode(JSON.stringify(gltf)), 0x20);
  const binPadding = new Uint8Array((4 - (length % 4)) % 4);
  const binLength = length + binPadding.length;
  const total = HEADER_BYTES + CHUNK_HEADER_BYTES + text.length + (length > 0 ? CHUNK_HEADER_BYTES + binLength : 0);
  if (total > LIMITS.fileBytes) {
    const limit = LIMITS.fileBytes.toLocaleString('en');
    throw refuse('scene.over_limit', `The scene takes more than ${limit} bytes as GLB: divide it.`);
  }
  const header = words(0x46546c67, 2, total, text.length, 0x4e4f534a);
  return new Blob([header, text, ...(length > 0 ? [words(binLength, 0x004e4942), ...parts, binPadding] : [])]);
}

/** Unsigned integers of 32 bits, little-endian. */
function words(...values: readonly number[]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  for (const [index, value] of values.entries()) view.setUint32(index * 4, value, true);
  return new Uint8Array(view.buffer);
}

function padded(bytes: Uint8Array<ArrayBuffer>, filler: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(Math.ceil(bytes.length / 4) * 4).fill(filler);
  whole.set(bytes);
  return whole;
}
