import { expect, it } from 'vitest';
import { coarserDepth } from '../../src/live/warp/coarser-depth.ts';

const DEPTH = { width: 5, height: 3, data: Uint8Array.of(1, 2, 0, 0, 9, 3, 4, 0, 0, 0, 7, 0, 0, 5, 0) };

it('is as it came up to the limit', () => {
  expect(coarserDepth(DEPTH, 15)).toBe(DEPTH);
});

it('is the nearest of each 2 × 2, and of what is left at the edges, as often as it takes', () => {
  expect(coarserDepth(DEPTH, 14)).toEqual({ width: 3, height: 2, data: Uint8Array.of(4, 0, 9, 7, 5, 0) });
  expect(coarserDepth(DEPTH, 5)).toEqual({ width: 2, height: 1, data: Uint8Array.of(7, 9) });
  expect(coarserDepth(DEPTH, 1)).toEqual({ width: 1, height: 1, data: Uint8Array.of(9) });
});
