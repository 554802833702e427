import { expect, it } from 'vitest';
import { SCALES, ScalePacer } from '../../src/live/scale-pacer.ts';

const AIM_MS = 40;

/** Draws `count` pictures on a machine that takes `fullMs` for the full size; gives the scales that were used. */
function draw(pacer: ScalePacer, fullMs: number, count: number, fixedMs = 0): number[] {
  return Array.from({ length: count }, () => {
    const { scale } = pacer;
    pacer.record(fixedMs + fullMs * scale ** 2, scale);
    return scale;
  });
}

it('[LV8] stays at full size where that is fast enough', () => {
  expect(new Set(draw(new ScalePacer(AIM_MS), 30, 50))).toEqual(new Set([1]));
});

it('[LV8] goes down at once to a size that keeps up, and stays', () => {
  const scales = draw(new ScalePacer(AIM_MS), 131, 50);
  expect(scales[0]).toBe(1);
  expect(scales[1]).toBe(0.5);
  expect(new Set(scales.slice(1))).toEqual(new Set([0.5]));
});

it('goes no further down than a quarter', () => {
  const scales = draw(new ScalePacer(AIM_MS), 10_000, 50);
  expect(Math.min(...scales)).toBe(0.25);
});

it('goes up again when the machine has room, step by step', () => {
  const pacer = new ScalePacer(AIM_MS);
  draw(pacer, 2_000, 10);
  expect(pacer.scale).toBe(0.25);
  const scales = draw(pacer, 20, 60);
  expect([...new Set(scales)]).toEqual([...SCALES]);
});

it('does not swing between two sizes', () => {
  // A machine for which one size is a little too fast and the next a little too slow.
  const pacer = new ScalePacer(AIM_MS);
  const scales = draw(pacer, 70, 200).slice(10);
  const changes = scales.filter((scale, i) => i > 0 && scale !== scales[i - 1]).length;
  expect(changes).toBe(0);
});

it('ignores pictures of another size than the present one', () => {
  const pacer = new ScalePacer(AIM_MS);
  pacer.record(500, 0.5);
  expect(pacer.scale).toBe(1);
});

it('is not held back by what costs the same at any size', () => {
  const pacer = new ScalePacer(AIM_MS);
  // The first picture waited for shaders.
  draw(pacer, 0, 1, 250);
  expect(pacer.scale).toBeLessThan(0.5);
  draw(pacer, 14, 20, 8);
  expect(pacer.scale).toBe(1);
});

it('tries a size that was too slow again, more and more seldom', () => {
  const pacer = new ScalePacer(AIM_MS);
  // Half of the size promises room for three quarters, which take far longer.
  const took = (scale: number) => (scale > 0.5 ? 100 : 12);
  const tries: number[] = [];
  for (let i = 0; i < 1_500; i += 1) {
    if (pacer.scale > 0.5) tries.push(i);
    pacer.record(took(pacer.scale), pacer.scale);
  }
  // One slow picture alone tells nothing: each try takes two.
  const apart = tries.slice(2).flatMap((at, i) => (at - (tries[i + 1] ?? 0) > 1 ? [at - (tries[i + 1] ?? 0)] : []));
  expect(apart.length).toBeGreaterThanOrEqual(3);
  expect(apart.length).toBeLessThanOrEqual(5);
  expect(apart).toEqual([...apart].sort((a, b) => a - b));
});

it('is back at a size that was fast enough, once the machine is no longer busy', () => {
  const pacer = new ScalePacer(AIM_MS);
  // Most of it costs the same at any size: nothing promises that there is room for more.
  draw(pacer, 4, 20, 27);
  draw(pacer, 4, 4, 150);
  expect(pacer.scale).toBeLessThan(1);
  draw(pacer, 4, 20, 27);
  expect(pacer.scale).toBe(1);
});
