import { describe, expect, it } from 'vitest';
import { framePart, partsPerFrame } from '../src/division.ts';
import { type GridPlan, gridOf, isGridded, tilesWithin, windowOf } from '../src/frame-grid.ts';
import { checkImageFormat } from '../src/image-formats.ts';
import { LIMITS } from '../src/limits.ts';
import type { Pass } from '../src/schemas/settings.ts';

const frame = (widthPx: number, heightPx: number) => ({
  size: { widthPx, heightPx },
  passes: ['beauty' as const],
  bitDepth: 8 as const,
});
const PLAN: GridPlan = { wholePixels: 10_000, wholeEdgePx: 200, blockEdgePx: 60, marginPx: 7 };

describe('gridOf', () => {
  it('draws whole what targets hold, and in blocks what is larger by a pixel', () => {
    expect(isGridded(frame(200, 50), PLAN)).toBe(false);
    expect(gridOf(frame(100, 100), PLAN)).toEqual({ columns: 1, rows: 1 });
    expect(gridOf(frame(201, 1), PLAN)).toEqual({ columns: 4, rows: 1 });
    expect(gridOf(frame(101, 100), PLAN)).toEqual({ columns: 2, rows: 2 });
  });

  it('streams 4K with both mattes, whose file nothing holds at once, rather than refuse it', () => {
    const settings = {
      ...frame(3_840, 2_160),
      passes: ['beauty', 'crypto-object', 'crypto-material'] as Pass[],
      bitDepth: 'half' as const,
    };
    expect(() => checkImageFormat({ ...settings, format: 'exr', background: 'environment' }, '')).not.toThrow();
    expect(isGridded(settings)).toBe(true);
    expect(isGridded({ ...settings, passes: ['beauty', 'depth'] })).toBe(false);
  });

  it('has blocks that every adapter holds, margins included, up to the largest frame', () => {
    for (const [width, height] of [
      [16_384, 16_384],
      [LIMITS.frameEdgePx, 4_096],
      [3, LIMITS.frameEdgePx],
    ] as const) {
      const grid = gridOf(frame(width, height));
      expect(grid.columns * grid.rows).toBeLessThanOrEqual(LIMITS.frameParts);
      const { region } = framePart({ tiles: grid, sampleRanges: 1 }, { ...frame(width, height), samples: 1 }, 0);
      const window = windowOf(frame(width, height), region);
      expect(Math.max(window?.widthPx ?? 0, window?.heightPx ?? 0)).toBeLessThanOrEqual(8_192);
    }
  });
});

describe('tilesWithin', () => {
  it('is as fine as was asked for or finer, in whole blocks, and never finer than a frame may be', () => {
    expect(tilesWithin({ columns: 4, rows: 3 }, { columns: 1, rows: 1 })).toEqual({ columns: 4, rows: 3 });
    expect(tilesWithin({ columns: 4, rows: 3 }, { columns: 5, rows: 3 })).toEqual({ columns: 8, rows: 3 });
    expect(tilesWithin({ columns: 5, rows: 1 }, { columns: 64, rows: 64 })).toEqual({ columns: 60, rows: 64 });
    expect(tilesWithin({ columns: 1, rows: 1 }, { columns: 7, rows: 2 })).toEqual({ columns: 7, rows: 2 });
  });
});

describe('windowOf', () => {
  it('is none of a frame that is drawn whole', () => {
    expect(windowOf(frame(100, 100), { x: 0, y: 0, widthPx: 10, heightPx: 10 }, PLAN)).toBeNull();
  });

  it('is the same for all parts of a block, which it holds with its margin within the frame', () => {
    const settings = { ...frame(203, 151), samples: 1 };
    const tiles = tilesWithin(gridOf(settings, PLAN), { columns: 9, rows: 7 });
    const division = { tiles, sampleRanges: 1 };
    const windows = new Set<string>();
    for (let index = 0; index < partsPerFrame(division); index += 1) {
      const { region } = framePart(division, settings, index);
      const window = windowOf(settings, region, PLAN);
      if (!window) throw new Error('no window');
      windows.add(JSON.stringify(window));
      expect(window.x).toBeLessThanOrEqual(Math.max(0, region.x - PLAN.marginPx));
      const right = Math.min(settings.size.widthPx, region.x + region.widthPx + PLAN.marginPx);
      expect(window.x + window.widthPx).toBeGreaterThanOrEqual(right);
      const bottom = Math.min(settings.size.heightPx, region.y + region.heightPx + PLAN.marginPx);
      expect(window.y + window.heightPx).toBeGreaterThanOrEqual(bottom);
    }
    const grid = gridOf(settings, PLAN);
    expect(windows.size).toBe(grid.columns * grid.rows);
  });
});
