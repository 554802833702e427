import { expect, it } from 'vitest';
import { matteBits } from '../../src/page/engine/passes/mattes.ts';
import { murmurHash32 } from '../../src/page/engine/passes/murmur-hash.ts';

it.each([
  ['', 0],
  ['test', 0xba6bd213],
  ['hello', 0x248bfa47],
  ['hello, world', 0x149bbb7f],
  ['The quick brown fox jumps over the lazy dog', 0x2e4ff723],
])('MurmurHash3 of "%s"', (text, hash) => {
  expect(murmurHash32(text)).toBe(hash);
});

it('ids are floats that no program changes', () => {
  for (let i = 0; i < 5_000; i += 1) {
    const exponent = (matteBits(`thing ${i}`) >>> 23) & 255;
    expect(exponent).toBeGreaterThan(0);
    expect(exponent).toBeLessThan(255);
  }
  // The hash of nothing is 0, which has the exponent 0.
  expect(matteBits('')).toBe(0x0080_0000);
});
