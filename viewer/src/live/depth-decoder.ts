/** Bytes of a picture's depth to its codes. */
import { depthCodes, KilnError, type Picture } from '@kiln/shared';
import type { Plane } from './yuv-picture.ts';

/** Deflated bytes become a thousand times as many at most, and a browser inflates all that it is given at once. */
const PIECE_BYTES = 1_024;

/**
 * [LV28] Null for a picture without depth.
 *
 * @throws KilnError `protocol.violation` when they are no deflated bytes, or not as many as the header's size says.
 */
export async function decodeDepth({ header, depth }: Picture): Promise<Plane | null> {
  if (!header.depth) return null;
  const { widthPx: width, heightPx: height } = header.depth;
  return { data: depthCodes(await inflated(depth, width * height), width), width, height };
}

async function inflated(bytes: Uint8Array, sizeBytes: number): Promise<Uint8Array> {
  const broken = (what: string) => new KilnError('protocol.violation', `[LV28] a picture's depth ${what}`);
  const { readable, writable } = new DecompressionStream('deflate-raw');
  const writer = writable.getWriter();
  const write = async () => {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      await writer.write(new Uint8Array(bytes.subarray(at, at + PIECE_BYTES)));
    }
    await writer.close();
  };
  // Whoever reads hears of it.
  write().catch(() => {});
  const reader = readable.getReader();
  const whole = new Uint8Array(sizeBytes);
  let filled = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (filled + part.value.length > sizeBytes) throw broken(`has more than the ${sizeBytes} pixels of its header`);
      whole.set(part.value, filled);
      filled += part.value.length;
    }
  } catch (error) {
    // What is left is not written any more.
    await reader.cancel().catch(() => {});
    throw error instanceof KilnError ? error : broken(`does not inflate: ${error}`);
  }
  if (filled < sizeBytes) throw broken(`has ${filled} of the ${sizeBytes} pixels of its header`);
  return whole;
}
