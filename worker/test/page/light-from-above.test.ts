import { DataUtils } from 'three';
import { expect, test } from 'vitest';
import { HEIGHTS, lightFromAbove } from '../../src/page/assets/light-from-above.ts';

/** @param light of a row, counted from the lowest. */
function panorama(heightPx: number, light: (row: number) => number) {
  const widthPx = 2 * heightPx;
  const data = Uint16Array.from({ length: widthPx * heightPx * 4 }, (_, i) =>
    DataUtils.toHalfFloat(light(Math.floor(i / 4 / widthPx))),
  );
  return { data, widthPx, heightPx };
}

test('even light gives level ground π of it, half of that from within 45° of the zenith', () => {
  const { light, heights } = lightFromAbove(panorama(128, () => 1));
  expect(light).toBeCloseTo(Math.PI, 2);
  expect(heights).toHaveLength(HEIGHTS);
  expect(heights[0]).toBe(0.5);
  expect(heights[(HEIGHTS - 1) / 2]).toBeCloseTo(0.75, 3);
  expect(heights[HEIGHTS - 1]).toBe(1);
});

test('a lamp in a dark sky is looked for where it is, and one below the ground is not', () => {
  const { light, heights } = lightFromAbove(panorama(16, (row) => (row === 2 || row === 11 ? 8 : 0)));
  const polar = Math.PI * (1 - 11.5 / 16);
  expect(light).toBeCloseTo(8 * 2 * Math.PI * Math.cos(polar) * Math.sin(polar) * (Math.PI / 16), 5);
  expect(Math.min(...heights)).toBe(11 / 16);
  expect(Math.max(...heights)).toBe(12 / 16);
});

test('no light comes from a black sky', () => {
  expect(lightFromAbove(panorama(8, () => 0)).light).toBe(0);
});
