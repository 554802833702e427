import { type BitDepth, isLinear } from '@kiln/shared';

/**
 * What a picture's pixels are, RGBA, top row first:
 *
 * - `srgb8`: bytes, what a display shows, straight alpha. Those that are no numbers are marked by alpha 0 and red 255,
 *   infinite ones by green 255 too.
 * - `srgb`: floats of the same, from 0 to 1; marked by alpha −1, infinite ones by −2.
 * - `linear`: floats of linear light with exposure, alpha associated; what is no number is none.
 */
export type PixelKind = 'srgb8' | 'srgb' | 'linear';

export const BYTES_PER_PX = { srgb8: 4, srgb: 16, linear: 16 } as const satisfies Record<PixelKind, number>;

/** What a file of this depth is made of. */
export const pixelKindFor = (depth: BitDepth): PixelKind =>
  isLinear(depth) ? 'linear' : depth === 16 ? 'srgb' : 'srgb8';
