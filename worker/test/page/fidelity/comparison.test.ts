import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Pixels } from '../pixels.ts';
import { type Bounds, difference, likeness } from './compare.ts';
import { GOLDENS, readGolden } from './goldens.ts';
import { SCENARIOS } from './scenarios.ts';

/** What all goldens take in the repository, at most. */
const GOLDEN_BYTES = 1_000_000;

/** @param level of a channel of a pixel. */
function painted(width: number, height: number, level: (x: number, y: number, channel: number) => number): Pixels {
  const data = Buffer.alloc(width * height * 4);
  for (let i = 0; i < data.length; i += 1) {
    data[i] = level(Math.floor(i / 4) % width, Math.floor(i / 4 / width), i % 4);
  }
  const at = (x: number, y: number) => [...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 4)];
  return { width, height, data, at, middle: at(width >> 1, height >> 1) };
}

const changed = ({ width, height, at }: Pixels, level: (x: number, y: number, channel: number) => number) =>
  painted(width, height, (x, y, channel) => (channel === 3 ? (at(x, y)[3] ?? 0) : level(x, y, channel)));

describe('likeness', () => {
  it('of a picture to itself is whole', () => {
    const picture = painted(16, 9, (x, y, channel) => (x * 31 + y * 17 + channel * 5) % 256);
    expect(likeness(picture, picture)).toEqual({ ssim: 1, meanError: 0 });
  });

  it('of two even greys is what the formula says of their means', () => {
    const grey = (level: number) => painted(8, 8, (_x, _y, channel) => (channel === 3 ? 255 : level));
    const c1 = 2.55 ** 2;
    const { ssim, meanError } = likeness(grey(100), grey(150));
    expect(ssim).toBeCloseTo((2 * 100 * 150 + c1) / (100 ** 2 + 150 ** 2 + c1), 10);
    expect(meanError).toBe((50 * 3) / 4);
  });

  it('is that of the channel that has the least', () => {
    const one = painted(16, 16, (x, y) => (x + y) * 8);
    const other = changed(one, (x, y, channel) => one.at(channel === 1 ? 15 - x : x, y)[channel] ?? 0);
    expect(likeness(one, other).ssim).toBeLessThan(0.1);
  });

  it('is not told of pictures of two sizes', () => {
    const black = (width: number) => painted(width, 8, () => 0);
    expect(() => likeness(black(8), black(9))).toThrow('expected 9 × 8 pixels, got 8 × 8');
  });
});

describe.each(SCENARIOS)('the golden of $name', ({ name, bounds }) => {
  const verdict = (picture: Pixels, golden: Pixels, { ssim, meanError }: Bounds = bounds) =>
    difference(likeness(picture, golden), { ssim, meanError });

  it('is told from itself moved by a pixel, and from itself 5 % darker', async () => {
    const golden = await readGolden({ name });
    if (!golden) throw new Error(`make it: npm run goldens -- ${name}`);
    expect(verdict(golden, golden)).toBeNull();
    const { width, height, at } = golden;
    const moved = painted(width, height, (x, y, channel) => at(Math.max(0, x - 1), y)[channel] ?? 0);
    expect(verdict(moved, golden)).toMatch('SSIM');
    const lowered = painted(width, height, (x, y, channel) => at(x, Math.max(0, y - 1))[channel] ?? 0);
    expect(verdict(lowered, golden)).toMatch('SSIM');
    const darker = changed(golden, (x, y, channel) => Math.round((at(x, y)[channel] ?? 0) * 0.95));
    expect(verdict(darker, golden)).toMatch('mean error');
  });
});

it('the repository has the goldens of the table, each name once, and no more than it should hold', async () => {
  const names = SCENARIOS.map(({ name }) => `${name}.png`);
  const files = await readdir(GOLDENS);
  expect(files.sort()).toEqual([...new Set(names)].sort());
  expect(files).toHaveLength(names.length);
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(GOLDENS, file))).size));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(GOLDEN_BYTES);
});

it('what is drawn in CI is no larger than 160 × 90', () => {
  for (const { inCi, settings } of SCENARIOS) {
    if (inCi) expect((settings.size?.widthPx ?? 0) * (settings.size?.heightPx ?? 0)).toBeLessThanOrEqual(160 * 90);
  }
});
