import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DEPTH_SLACK,
  depthCodes,
  depthDifferences,
  depthErrorBound,
  depthSizeOf,
  quantiseDepth,
  reciprocalOf,
} from '../../src/live/depth.ts';

/** Distances in metres; 0 where nothing stands. */
const quantised = (metres: readonly number[]) =>
  quantiseDepth(Float32Array.from(metres, (distance) => (distance === 0 ? 0 : 1 / distance)));

describe('[LV28] depth', () => {
  it('is 1 at the farthest surface, 255 at the nearest, 0 where nothing stands', () => {
    expect(quantised([4, 0, 2, 1])).toEqual({
      codes: Uint8Array.of(1, 0, 86, 255),
      range: { nearestM: 1, farthestM: 4 },
    });
  });

  it('is that of one plane where all stands there', () => {
    const { codes, range } = quantised([3, 3, 0]);
    expect([...codes]).toEqual([1, 1, 0]);
    expect(reciprocalOf(1, range)).toBeCloseTo(1 / 3, 6);
  });

  it('is 0 everywhere where nothing stands, with distances that any reader takes', () => {
    const { codes, range } = quantised([0, 0]);
    expect([codes, range]).toEqual([Uint8Array.of(0, 0), { nearestM: 1, farthestM: 1 }]);
    expect([reciprocalOf(0, range), depthErrorBound(range)]).toEqual([0, 0]);
  });

  it('is off by its bound of reciprocal distance at most, once across', () => {
    const distance = fc.oneof(fc.constant(0), fc.double({ min: 1e-3, max: 1e5, noNaN: true }));
    fc.assert(
      fc.property(fc.array(distance, { minLength: 1, maxLength: 200 }), fc.nat(12), (metres, more) => {
        const result = quantised(metres);
        const codes = depthCodes(depthDifferences(result.codes, more + 1), more + 1);
        // The range is kept as 32-bit floats.
        const bound = depthErrorBound(result.range) + 2e-7 / result.range.nearestM;
        for (const [i, distance] of metres.entries()) {
          const code = codes[i] ?? -1;
          expect(code === 0).toBe(distance === 0);
          if (distance > 0)
            expect(Math.abs(reciprocalOf(code, result.range) - 1 / distance)).toBeLessThanOrEqual(bound);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is half of the picture’s size, and has a pixel for every one of the picture', () => {
    expect(depthSizeOf({ widthPx: 640, heightPx: 360 })).toEqual({ widthPx: 320, heightPx: 180 });
    expect(depthSizeOf({ widthPx: 161, heightPx: 91 })).toEqual({ widthPx: 81, heightPx: 46 });
    expect(depthSizeOf({ widthPx: 1, heightPx: 1 })).toEqual({ widthPx: 1, heightPx: 1 });
  });
});

describe('[LV28] differences', () => {
  it('are literal: to the left in the first row, above in the first column, else to the median of both and their plane', () => {
    const codes = Uint8Array.of(10, 20, 30, 12, 22, 32, 12, 0, 5);
    const differences = Uint8Array.of(10, 10, 10, 0, 0, 0, 0, 236, 251);
    expect(depthDifferences(codes, 3)).toEqual(differences);
    expect(depthCodes(differences, 3)).toEqual(Uint8Array.of(10, 20, 30, 10, 20, 30, 10, 0, 5));
  });

  it('of what changes by less than the slack are none', () => {
    const codes = Uint8Array.from({ length: 64 }, (_, i) => 100 + (i % 8) + (i % 3));
    codes[0] = 102;
    expect(
      depthDifferences(
        codes.map((code) => Math.min(code, 104)),
        8,
      ).slice(1),
    ).toEqual(new Uint8Array(63));
  });

  it('give back every picture of every width, within the slack, and exactly where nothing stands', () => {
    const code = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(fc.array(code, { maxLength: 400 }), fc.integer({ min: 1, max: 40 }), (codes, widthPx) => {
        const read = depthCodes(depthDifferences(Uint8Array.from(codes), widthPx), widthPx);
        for (const [i, own] of codes.entries()) {
          expect(read[i] === 0).toBe(own === 0);
          expect(Math.abs((read[i] ?? 0) - own)).toBeLessThanOrEqual(DEPTH_SLACK);
        }
      }),
    );
  });
});
