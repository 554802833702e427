import { expect, test } from 'vitest';
import { sceneNeedsOf } from '../../src/jobs/scene-needs.ts';
import { REPORT } from '../farm-fixture.ts';

const MIB = 1_024 ** 2;
const GIB = 1_024 ** 3;

const report = (gpuBytes: number, widthPx = 1, heightPx = 1) => ({
  ...REPORT,
  gpuBytes,
  textures: [
    { name: 'a', widthPx: 1, heightPx: 1, mediaType: 'image/png' },
    { name: 'b', widthPx, heightPx, mediaType: 'image/png' },
  ],
});

test('small scenes need nothing in particular', () => {
  expect(sceneNeedsOf(REPORT, 'raster')).toBeNull();
  expect(sceneNeedsOf(report(256 * MIB, 2_048, 2_048), 'raster')).toBeNull();
  expect(sceneNeedsOf(report(256 * MIB + 1), 'raster')).toEqual({ gpuBytes: 320 * MIB, texturePx: 0 });
  expect(sceneNeedsOf(report(0, 2_049), 'raster')).toEqual({ gpuBytes: 0, texturePx: 4_096 });
});

test.each([
  [7.1 * GIB, 8 * GIB],
  [8 * GIB, 8 * GIB],
  [8 * GIB + 1, 10 * GIB],
  [5.5 * GIB, 6 * GIB],
])('%d bytes are about %d', (bytes, about) => {
  expect(sceneNeedsOf(report(bytes), 'raster')?.gpuBytes).toBe(about);
});

test('the longest edge of a texture counts, but where all are made small', () => {
  expect(sceneNeedsOf(report(9 * GIB, 64, 5_000), 'raster')).toEqual({ gpuBytes: 10 * GIB, texturePx: 8_192 });
  expect(sceneNeedsOf(report(9 * GIB, 64, 5_000), 'pathtrace')).toEqual({ gpuBytes: 10 * GIB, texturePx: 0 });
});
