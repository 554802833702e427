import { KilnError } from '@kiln/shared';
import { expect, it } from 'vitest';
import { backOffMs, isRetryable, withRetries } from '../../src/farm/back-off.ts';
import { WORKER_LIMITS } from '../../src/limits.ts';

it('[WS8] waits twice as long each time up to a limit, half of it at random', () => {
  expect([1, 2, 3].map((tries) => backOffMs(tries, 0))).toEqual([50, 100, 200]);
  expect(backOffMs(1, 0.999)).toBeLessThan(100);
  expect(backOffMs(50, 0)).toBe(WORKER_LIMITS.backOffMs / 2);
});

it('[WK12] tries again what a retry can help, and nothing else', async () => {
  let calls = 0;
  const hooks = { signal: new AbortController().signal, mayRetry: isRetryable, random: () => 0 };
  const failing = (code: 'storage.unavailable' | 'request.invalid', until: number) => async () => {
    if (++calls < until) throw new KilnError(code, 'no');
    return 'done';
  };
  expect(await withRetries(failing('storage.unavailable', 3), hooks)).toBe('done');
  expect(calls).toBe(3);
  calls = 0;
  await expect(withRetries(failing('request.invalid', 3), hooks)).rejects.toMatchObject({ code: 'request.invalid' });
  expect(calls).toBe(1);
});

it('[WK12] gives up when the lease is lost', async () => {
  const over = new AbortController();
  const lost = new KilnError('attempt.stale', 'the lease ran out');
  const trying = withRetries(() => Promise.reject(new KilnError('client.unreachable', 'away')), {
    signal: over.signal,
    mayRetry: isRetryable,
  });
  setTimeout(() => over.abort(lost), 150);
  await expect(trying).rejects.toBe(lost);
});
