import { LIMITS } from '@kiln/shared';
import { describe, expect, it } from 'vitest';
import { VIEWER_LIMITS } from '../../src/limits.ts';
import { letterbox, liveSize, shownAspect } from '../../src/live/letterbox.ts';

describe('letterbox', () => {
  it('puts the picture in the middle, as large as it goes', () => {
    expect(letterbox(1_000, 400, 2)).toEqual({ x: 100, y: 0, width: 800, height: 400 });
    expect(letterbox(400, 1_000, 2)).toEqual({ x: 0, y: 400, width: 400, height: 200 });
    expect(letterbox(640, 360, 16 / 9)).toEqual({ x: 0, y: 0, width: 640, height: 360 });
  });
});

describe('shownAspect', () => {
  it('covers the same place with every size that pictures of one view come in', () => {
    for (const aspect of [16 / 9, 1, 9 / 16, 2.39, 0.2]) {
      const full = liveSize(1_101, 683, 1, aspect);
      for (const scale of [1, 0.71, 0.5, 0.33, 0.25]) {
        const [width = 0, height = 0] = [full.widthPx, full.heightPx].map((edge) =>
          Math.max(16, Math.round(edge * scale)),
        );
        if (width > 16 && height > 16) expect(shownAspect(width, height, aspect)).toBe(aspect);
      }
    }
  });

  it('keeps the proportions of a picture of another view', () => {
    expect(shownAspect(640, 360, 1)).toBe(640 / 360);
    expect(shownAspect(100, 100, 16 / 9)).toBe(1);
    expect(shownAspect(640, 480, 16 / 9)).toBe(640 / 480);
  });
});

describe('liveSize', () => {
  it('is the picture in the view, at the resolution of the display', () => {
    expect(liveSize(640, 480, 1, 16 / 9)).toEqual({ widthPx: 640, heightPx: 360 });
    expect(liveSize(320, 480, 2, 16 / 9)).toEqual({ widthPx: 640, heightPx: 360 });
    expect(liveSize(320, 480, 4, 16 / 9)).toEqual({ widthPx: 640, heightPx: 360 });
  });

  it('has even edges, stays within the limits and keeps its proportions', () => {
    for (const [width, height, ratio, aspect] of [
      [4_000, 3_000, 2, 16 / 9],
      [1_919, 1_079, 1, 1.777],
      [3_000, 200, 2, 30],
      [200, 3_000, 2, 1 / 30],
    ] as const) {
      const size = liveSize(width, height, ratio, aspect);
      expect((size.widthPx % 2) + (size.heightPx % 2)).toBe(0);
      expect(size.widthPx * size.heightPx).toBeLessThan(VIEWER_LIMITS.livePixels * 1.01);
      expect(Math.max(size.widthPx, size.heightPx)).toBeLessThanOrEqual(LIMITS.liveEdgePx);
      expect(Math.abs(size.widthPx / size.heightPx / aspect - 1)).toBeLessThan(0.05);
    }
  });

  it('is something even when the view has no size yet', () => {
    expect(liveSize(0, 0, 1, 16 / 9)).toEqual({ widthPx: 16, heightPx: 16 });
  });
});
