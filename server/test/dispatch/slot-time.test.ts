/** What slots worked, from what was claimed and ended. */
import { expect, test } from 'vitest';
import { type HeldAttempt, slotTimes } from '../../src/dispatch/slot-time.ts';

const ALL = { fromMs: 0, toMs: 1_000 };
const held = (claimedMs: number, endedMs: number | null): HeldAttempt => ({ claimedMs, endedMs });

test('what is claimed ahead waits for a slot', () => {
  expect(slotTimes([held(0, 100), held(0, 150), held(20, 160)], 1, ALL)).toEqual([100, 50, 10]);
  expect(slotTimes([held(0, 100), held(0, 150), held(20, 160)], 2, ALL)).toEqual([100, 150, 60]);
  expect(slotTimes([held(0, 100), held(0, 150), held(20, 160)], 3, ALL)).toEqual([100, 150, 140]);
});

test('what is under way counts until now, and what is claimed behind it does not yet', () => {
  expect(slotTimes([held(900, null), held(950, null)], 1, ALL)).toEqual([100, 0]);
});

test('what ends out of turn frees no slot before its time', () => {
  // The second was cancelled before it had the slot.
  expect(slotTimes([held(0, 100), held(10, 50), held(20, 130)], 1, ALL)).toEqual([100, 0, 30]);
});

test('piece by piece it is the same as at once, and slots never work more than there are', () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let round = 0; round < 200; round += 1) {
    const slots = 1 + random(4);
    const claimed = Array.from({ length: 1 + random(30) }, () => random(900)).sort((a, b) => a - b);
    const attempts = claimed.map((at) => held(at, random(5) === 0 ? null : at + 1 + random(200)));
    const whole = slotTimes(attempts, slots, ALL);
    const pieces = attempts.map(() => 0);
    for (let from = 0; from < 1_000; from += 50) {
      const between = { fromMs: from, toMs: from + 50 };
      // As the database tells: what had ended by then is left out.
      const told = attempts
        .map((one, at) => ({ one, at }))
        .filter(({ one }) => (one.endedMs ?? Infinity) > from && one.claimedMs < from + 50);
      const times = slotTimes(
        told.map(({ one }) => one),
        slots,
        between,
      );
      expect(times.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(slots * 50);
      told.forEach(({ at }, n) => {
        pieces[at] = (pieces[at] ?? 0) + (times[n] ?? 0);
      });
    }
    expect(pieces).toEqual(whole);
  }
});
