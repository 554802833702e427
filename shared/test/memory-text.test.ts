import { expect, test } from 'vitest';
import { memoryText, parseMemory } from '../src/memory-text.ts';

const GIB = 1_024 ** 3;

test.each([
  ['24G', 24 * GIB],
  ['512M', 512 * 1_024 ** 2],
  ['1.5 TiB', 1.5 * 1_024 * GIB],
  ['8gb', 8 * GIB],
  [' 8g ', 8 * GIB],
])('%s is so many bytes', (text, bytes) => {
  expect(parseMemory(text)).toBe(bytes);
});

test.each(['', '8', 'G', '0G', '-8G', '8K', '8 G B', '1e3G', '8Gi', 'NaNG', '1234567G'])(
  '“%s” is no memory',
  (text) => {
    expect(parseMemory(text)).toBeNull();
  },
);

test.each([
  [24 * GIB, '24 GiB'],
  [7.5 * GIB, '7.5 GiB'],
  [251.4 * GIB, '251 GiB'],
  [512 * 1_024 ** 2, '512 MiB'],
])('%s bytes are told as %s', (bytes, text) => {
  expect(memoryText(bytes)).toBe(text);
});
