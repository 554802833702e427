/** How far two pictures of one size are apart at most: of any channel of any pixel, 0 to 255. */
export const mostApart = (one: Uint8ClampedArray, other: Uint8ClampedArray): number =>
  one.reduce((most, level, i) => Math.max(most, Math.abs(level - (other[i] ?? 0))), 0);
