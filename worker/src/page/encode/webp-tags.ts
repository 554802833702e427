import type { Size } from '@kiln/shared';
import { ByteWriter } from './byte-writer.ts';

const HAS_XMP = 0x04;
const HAS_ALPHA = 0x10;
/** Of a RIFF file before its chunks. */
const HEAD_BYTES = 12;
/** Of a chunk before its data. */
const CHUNK_HEAD_BYTES = 8;

/**
 * Adds XMP to a WebP that has none (developers.google.com/speed/webp, RIFF container): the extended header `VP8X`, made
 * where there is none, says so, and the chunk `XMP ` comes last.
 *
 * @returns its parts.
 */
export function taggedWebp(
  webp: Uint8Array<ArrayBuffer>,
  { widthPx, heightPx }: Size,
  hasAlpha: boolean,
  xmp: Uint8Array,
): Uint8Array<ArrayBuffer>[] {
  const chunks = chunksOf(webp);
  const [first] = chunks;
  const isExtended = first !== undefined && nameOf(first) === 'VP8X';
  const flags = (isExtended ? (first[CHUNK_HEAD_BYTES] ?? 0) : hasAlpha ? HAS_ALPHA : 0) | HAS_XMP;
  const edges = [widthPx - 1, heightPx - 1].flatMap((edge) => [edge & 255, (edge >>> 8) & 255, edge >>> 16]);
  const tagged = [
    chunk('VP8X', Uint8Array.of(flags, 0, 0, 0, ...edges)),
    ...chunks.slice(isExtended ? 1 : 0),
    chunk('XMP ', xmp),
  ];
  const sizeBytes = tagged.reduce((sum, { length }) => sum + length, 4);
  return [new ByteWriter().text('RIFF').u32(sizeBytes).text('WEBP').take(), ...tagged];
}

const nameOf = (bytes: Uint8Array) => String.fromCharCode(...bytes.subarray(0, 4));

/** With their heads, padded to even lengths. */
function chunksOf(webp: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  const view = new DataView(webp.buffer, webp.byteOffset, webp.byteLength);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let at = HEAD_BYTES; at < webp.length; ) {
    const size = view.getUint32(at + 4, true);
    const end = at + CHUNK_HEAD_BYTES + size + (size % 2);
    chunks.push(webp.subarray(at, end));
    at = end;
  }
  return chunks;
}

function chunk(name: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new ByteWriter().text(name).u32(data.length).bytes(data);
  return (data.length % 2 === 1 ? bytes.u8(0) : bytes).take();
}
