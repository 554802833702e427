import { expect, it } from 'vitest';
import { BlendClock } from '../../src/live/blend-clock.ts';

/** What of a picture that comes then is shown at each of the frames after it. */
function sharesAfter(framesMs: readonly number[], thenMs: readonly number[]): number[] {
  const clock = new BlendClock();
  let nowMs = 0;
  for (const frameMs of framesMs) {
    nowMs += frameMs;
    clock.share(nowMs);
  }
  clock.restart();
  return thenMs.map((frameMs) => {
    nowMs += frameMs;
    return clock.share(nowMs);
  });
}

const times = (count: number, ...ms: number[]) => Array.from({ length: count }, () => ms).flat();

it('brings a picture in over three frames of a display of 60 Hz', () => {
  const [first = 1, second = 1, third] = sharesAfter(times(30, 16.7), times(3, 16.7));
  expect(first).toBeGreaterThan(0.2);
  expect(first).toBeLessThan(0.5);
  expect(second).toBeGreaterThan(first);
  expect(second).toBeLessThan(1);
  expect(third).toBe(1);
});

it('shows it at once where the display is slow, also in a short frame after a long one', () => {
  expect(sharesAfter(times(30, 60), [60])).toEqual([1]);
  expect(sharesAfter(times(30, 8, 12, 120), [8])).toEqual([1]);
});

it('says what it says of the first frame of all', () => {
  expect(sharesAfter([], [16.7])).toEqual([1]);
});
