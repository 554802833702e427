import { expect, it } from 'vitest';
import { halfBits } from '../../../src/page/encode/half-float.ts';

/** IEEE 754 binary16, as its definition reads. */
function halfOf(bits: number): number {
  const sign = bits >>> 15 === 1 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 0x3ff;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1_024) * 2 ** (exponent - 15));
}

it('gives every finite half back', () => {
  for (let bits = 0; bits < 0x10000; bits += 1) {
    if (((bits >>> 10) & 31) !== 31) expect(halfBits(halfOf(bits))).toBe(bits);
  }
});

it.each([
  [1 + 2 ** -11, 0x3c00, 'a tie goes to the even one, below'],
  [1 + 3 * 2 ** -11, 0x3c02, 'a tie goes to the even one, above'],
  [1 + 2 ** -11 + 2 ** -20, 0x3c01, 'above the tie'],
  [2 ** -25, 0, 'half of the smallest'],
  [2 ** -25 + 2 ** -40, 1, 'more than half of the smallest'],
  [3 * 2 ** -25, 2, 'a tie among subnormals'],
  [2 ** -14 - 2 ** -26, 0x0400, 'up to the smallest normal'],
  [65_519, 0x7bff, 'rounded down to the largest'],
  [65_520, 0x7bff, 'larger than any'],
  [-1e30, 0xfbff, 'smaller than any'],
  [Number.POSITIVE_INFINITY, 0x7bff, 'infinite'],
  [Number.NaN, 0x7e00, 'no number'],
  [-0, 0x8000, 'minus zero'],
])('%d becomes %i: %s', (value, bits) => {
  expect(halfBits(value)).toBe(bits);
});
