import { describe, expect, test } from 'vitest';
import { DISPATCH_LIMITS } from '../../src/dispatch/limits.ts';
import { passSpacingMs } from '../../src/dispatch/pass-spacing.ts';
import { endOfExpired, nextTry } from '../../src/dispatch/retry-rule.ts';

describe('a task whose attempt ended', () => {
  test('is tried again while tries are left, later each time', () => {
    const waits = [1, 2, 3, 9].map((tries) => nextTry('counts', { tries, mostTries: 10 })?.waitMs);
    const { retryDelayMs, retryDelayMaxMs } = DISPATCH_LIMITS;
    expect(waits).toEqual([retryDelayMs, 2 * retryDelayMs, 4 * retryDelayMs, retryDelayMaxMs]);
    expect(nextTry('counts', { tries: 10, mostTries: 10 })).toBeNull();
    expect(nextTry('never', { tries: 1, mostTries: 10 })).toBeNull();
  });

  test('is tried again at once where it was not to blame, and that does not count', () => {
    expect(nextTry('free', { tries: 3, mostTries: 3 })).toEqual({ tries: 2, waitMs: 0 });
    expect(endOfExpired('assigned')).toEqual({ state: 'withdrawn', retry: 'free' });
    expect(endOfExpired('running')).toEqual({ state: 'lost', retry: 'counts' });
  });
});

test('passes are as far apart as the least of the queues allows', () => {
  const of = (...queues: (number | null)[]) => passSpacingMs(queues.map((queuedMs) => ({ queuedMs, slots: 1 })));
  const { passSpacingMs: least, passSpacingMaxMs: most } = DISPATCH_LIMITS;
  expect([of(), of(4 * most), of(400, 100_000), of(200, 100_000), of(100_000, null)]).toEqual([
    most,
    most,
    most,
    50,
    least,
  ]);
});
