import { LEASE_MARGIN_MS, LEASE_MS } from '@kiln/shared';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LeaseBook } from '../../src/farm/lease-book.ts';

let nowMs: number;
let book: LeaseBook;

/** Moves the clock and the timers together. */
async function pass(ms: number): Promise<void> {
  nowMs += ms;
  await vi.advanceTimersByTimeAsync(ms);
}

beforeEach(() => {
  vi.useFakeTimers();
  nowMs = 1_000;
  book = new LeaseBook({ monotonicMs: () => nowMs, unixMs: () => 0 });
});

afterEach(() => {
  vi.useRealTimers();
});

const take = (id: string, leaseMs = LEASE_MS) => {
  const lease = book.take(id, `token-${id}`, leaseMs);
  if (!lease) throw new Error('the lease was taken already');
  return lease;
};

it('[WK5] ends an attempt a margin before its lease does', async () => {
  const lease = take('a');
  await pass(LEASE_MS - LEASE_MARGIN_MS - 1);
  expect(lease.isHeld()).toBe(true);
  expect(lease.signal.aborted).toBe(false);
  await pass(1);
  expect(lease.isHeld()).toBe(false);
  expect(lease.signal.reason).toMatchObject({ code: 'attempt.stale' });
  expect(book.held).toEqual([]);
});

it('[WK2] goes on for as long as the lease is renewed', async () => {
  const lease = take('a');
  for (let i = 0; i < 20; i++) {
    await pass(10_000);
    book.renew('a', LEASE_MS, nowMs);
  }
  expect(lease.signal.aborted).toBe(false);
  expect(book.held).toEqual([{ attemptId: 'a', leaseToken: 'token-a' }]);
});

it('[WK5] counts from the sending of the request that renewed, not from the arrival of its answer', async () => {
  const lease = take('a');
  const sentAtMs = nowMs;
  await pass(4_000);
  book.renew('a', LEASE_MS, sentAtMs);
  await pass(LEASE_MS - LEASE_MARGIN_MS - 4_000);
  expect(lease.signal.aborted).toBe(true);
});

it('[WK5] is not held after the process was stopped for a while, even before a timer runs', () => {
  const lease = take('a');
  nowMs += LEASE_MS;
  expect(lease.signal.aborted).toBe(false);
  expect(lease.isHeld()).toBe(false);
});

it('[WK10] stops what the server names, and only that', () => {
  const [a, b] = [take('a'), take('b')];
  book.stop('a', 'cancelled');
  expect(a.signal.reason).toMatchObject({ code: 'attempt.stale', message: 'cancelled' });
  expect(b.signal.aborted).toBe(false);
  book.stop('unknown', 'cancelled');
});

it('takes a delivery that comes twice once', () => {
  const lease = take('a');
  expect(book.take('a', 'token-a', LEASE_MS)).toBeNull();
  lease.release();
  expect(book.held).toEqual([]);
  expect(book.take('a', 'token-a', LEASE_MS)).not.toBeNull();
});
