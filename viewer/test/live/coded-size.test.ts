import { expect, it } from 'vitest';
import { codedSize } from '../../src/live/coded-size.ts';

const bytes = (hex: string) =>
  Uint8Array.from(hex.replaceAll(' ', '').match(/../g) ?? [], (two) => Number.parseInt(two, 16));

const RIFF = '52494646 64000000 57454250';
const LITERAL = [
  ['png', '89504e47 0d0a1a0a 0000000d 49484452 00000140 000000b4 08', 320, 180],
  ['jpeg', 'ffd8 ffe0 0004 4a46 ffdb 0003 00 ffc0 0011 08 00b4 0140 03', 320, 180],
  ['jpeg', 'ffd8 ffff ffe1 0004 4578 ffc4 0003 00 ffc2 0011 08 00b5 0141 03', 321, 181],
  ['webp', `${RIFF} 56503820 0a000000 300100 9d012a 4001 b400`, 320, 180],
  ['webp', `${RIFF} 5650384c 0a000000 2f 3fc12c00`, 320, 180],
  ['webp', `${RIFF} 56503858 0a000000 10000000 3f0100 b30000`, 320, 180],
] as const;

it.each(LITERAL)('reads the size of a %s: %s', (codec, hex, width, height) => {
  expect(codedSize(codec, bytes(hex))).toEqual({ width, height });
});

it.each(LITERAL)('a %s that ends before its size, or is another thing, has none: %s', (codec, hex) => {
  const whole = bytes(hex);
  const least =
    codec === 'png' ? 24 : codec === 'jpeg' ? whole.length - 1 : hex.includes('56503858') ? 30 : whole.length;
  for (let end = 0; end < least; end += 1) expect(codedSize(codec, whole.subarray(0, end))).toBeNull();
  for (const other of ['png', 'jpeg', 'webp'] as const) if (other !== codec) expect(codedSize(other, whole)).toBeNull();
});

it('a JPEG without a frame has no size, and is not looked through for ever', () => {
  expect(codedSize('jpeg', bytes('ffd8 ffda 0004 0000 1234'))).toBeNull();
  expect(codedSize('jpeg', bytes('ffd8 ffe0 0000 ffe0 0000 ffe0 0000'))).toBeNull();
  expect(codedSize('jpeg', new Uint8Array(100_000).fill(0xff))).toBeNull();
  expect(codedSize('jpeg', new Uint8Array(100_000))).toBeNull();
});
