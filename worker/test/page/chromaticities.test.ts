import type { Chromaticities } from '@kiln/shared';
import { Vector3 } from 'three';
import { expect, test } from 'vitest';
import { convert, toRec709 } from '../../src/page/assets/chromaticities.ts';

const REC2020: Chromaticities = [0.708, 0.292, 0.17, 0.797, 0.131, 0.046, 0.3127, 0.329];
/** Of ACEScg, whose white is that of a warmer day. */
const AP1: Chromaticities = [0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767];

test('the matrix from Rec. 2020 is that of ITU-R BT.2087', () => {
  const rows = toRec709(REC2020)?.transpose().toArray() ?? [];
  const expected = [1.6605, -0.5876, -0.0728, -0.1246, 1.1329, -0.0083, -0.0182, -0.1006, 1.1187];
  for (const [i, value] of expected.entries()) expect(rows[i], `${i}`).toBeCloseTo(value, 3);
});

test('white stays white, and grey grey, under another white', () => {
  const matrix = toRec709(AP1);
  for (const level of [1, 0.18]) {
    const color = new Vector3(level, level, level).applyMatrix3(matrix ?? expect.fail('no matrix'));
    for (const part of color.toArray()) expect(part).toBeCloseTo(level, 5);
  }
});

test('what is in Rec. 709, or in no colours at all, is taken as it is', () => {
  expect(toRec709([0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.313, 0.329])).toBeNull();
  expect(toRec709([0, 0, 0, 0, 0, 0, 0, 0])).toBeNull();
  expect(toRec709([0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3])).toBeNull();
});

test('converts colours and leaves alpha', () => {
  const data = Float32Array.of(1, 0, 0, 0.5, 1, 1, 1, 1);
  convert(data, toRec709(REC2020) ?? expect.fail('no matrix'));
  expect([...data].map((value) => Number(value.toFixed(3)))).toEqual([1.66, -0.125, -0.018, 0.5, 1, 1, 1, 1]);
});
