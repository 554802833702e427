/** Small pictures of frames that come row by row. */
import { expect, test } from 'vitest';
import { PreviewSums, previewSize } from '../../../src/page/encode/preview.ts';

test.each([
  [
    { widthPx: 16_384, heightPx: 9_216 },
    { widthPx: 640, heightPx: 360 },
  ],
  [
    { widthPx: 65_536, heightPx: 64 },
    { widthPx: 640, heightPx: 1 },
  ],
  [
    { widthPx: 300, heightPx: 200 },
    { widthPx: 300, heightPx: 200 },
  ],
])('%o is shown as %o', (frame, small) => expect(previewSize(frame, 640)).toEqual(small));

/** Four columns and two rows, given row by row, as two pixels. */
function small(kind: 'srgb8' | 'srgb' | 'linear', hasAlpha: boolean, rows: readonly number[][]): number[] {
  const sums = new PreviewSums({ widthPx: 4, heightPx: 2 }, 2, kind, hasAlpha);
  for (const row of rows) sums.add(kind === 'srgb8' ? new Uint8ClampedArray(row) : new Float32Array(row), 1);
  expect(sums.size).toEqual({ widthPx: 2, heightPx: 1 });
  return [...sums.picture()];
}

test('light is what is averaged: half black and half white is 188 of 255', () => {
  const row = [255, 0, 0, 255, 0, 0, 0, 255, 90, 90, 90, 255, 90, 90, 90, 255];
  expect(small('srgb8', false, [row, row])).toEqual([188, 0, 0, 255, 90, 90, 90, 255]);
  const shown = row.map((level) => level / 255);
  expect(small('srgb', false, [shown, shown])).toEqual([188, 0, 0, 255, 90, 90, 90, 255]);
});

test('what is brighter than white is white, and what is transparent has no colour', () => {
  const row = [900, 0.5, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  expect(small('linear', true, [row, row])).toEqual([255, 188, 0, 128, 0, 0, 0, 0]);
  expect(small('linear', false, [row, row])[3]).toBe(255);
});
