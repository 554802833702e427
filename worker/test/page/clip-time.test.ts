import { describe, expect, it } from 'vitest';
import { clipTime } from '../../src/page/scene/clip-player.ts';
import { valueAt } from '../../src/page/scene/pointer-tracks.ts';

describe('the time of a clip', () => {
  const part = { clip: 0, startSec: 1, endSec: 3 };
  it.each([
    ['repeat', [1, 2.5, 1, 1.5, 2.5]],
    ['once', [1, 2.5, 3, 3, 1]],
    ['pingpong', [1, 2.5, 3, 2.5, 1.5]],
  ] as const)('%s: from start to end, and what comes then', (loop, expected) => {
    const times = [0, 1.5, 2, 2.5, -0.5].map((timeSec) => clipTime(part, loop, timeSec));
    expect(times).toEqual(expected);
  });

  it('of a clip without length is its start', () => {
    expect(clipTime({ clip: 0, startSec: 2, endSec: 2 }, 'repeat', 7)).toBe(2);
  });
});

describe('key frames of a property', () => {
  const times = Float32Array.of(1, 2, 4);
  const at = (interpolation: 'LINEAR' | 'STEP', timeSec: number) =>
    valueAt({ times, values: Float32Array.of(10, 20, 40), interpolation, isRotation: false }, timeSec)[0];

  it('are held before the first and after the last, and between them stepped or even', () => {
    expect([0, 1, 1.5, 3, 4, 9].map((timeSec) => at('LINEAR', timeSec))).toEqual([10, 10, 15, 30, 40, 40]);
    expect([0, 1.99, 2, 3.9, 4].map((timeSec) => at('STEP', timeSec))).toEqual([10, 10, 20, 20, 40]);
  });

  it('turn along the shorter way', () => {
    const values = Float32Array.of(0, 0, 0, 1, 0, 0, -1, 0);
    const [, , z = 0, w = 0] = valueAt(
      { times: Float32Array.of(0, 1), values, interpolation: 'LINEAR', isRotation: true },
      0.5,
    );
    expect([Math.abs(z), Math.abs(w)].map((part) => part.toFixed(3))).toEqual(['0.707', '0.707']);
  });

  it('of a cubic spline keep their values and tangents', () => {
    // In-tangent, value, out-tangent: from 0 with slope 1 to 1 with slope 0.
    const keys = { times: Float32Array.of(0, 2), values: Float32Array.of(0, 0, 1, 0, 1, 0) };
    const spline = (timeSec: number) =>
      valueAt({ ...keys, interpolation: 'CUBICSPLINE', isRotation: false }, timeSec)[0] ?? 0;
    expect([spline(0), spline(2)]).toEqual([0, 1]);
    expect(spline(1)).toBeCloseTo(0.5 + 2 * 0.125, 9);
    expect((spline(1e-4) - spline(0)) / 1e-4).toBeCloseTo(1, 2);
  });
});
