import type { BitDepth } from '@kiln/shared';
import { pixelKindFor } from '../pixel-kind.ts';
import { type Bytes, type Floats, mendBytes, mendLinear, mendShown } from './statistics.ts';

/** Pixels of a picture that is stored in this depth, mended in their buffer, and how many were no numbers. */
export function mended(
  pixels: ArrayBuffer,
  bitDepth: BitDepth,
  hasAlpha: boolean,
): { readonly pixels: Bytes | Floats; readonly nanCount: number } {
  const kind = pixelKindFor(bitDepth);
  if (kind === 'srgb8') {
    const bytes = new Uint8ClampedArray(pixels);
    return { pixels: bytes, nanCount: mendBytes(bytes, hasAlpha) };
  }
  const floats = new Float32Array(pixels);
  return { pixels: floats, nanCount: (kind === 'srgb' ? mendShown : mendLinear)(floats, hasAlpha) };
}
