import { expect, test } from 'vitest';
import { FailureLimiter } from '../../src/http/failure-limiter.ts';
import { SERVER_LIMITS } from '../../src/limits.ts';
import { MovableClock } from '../server-fixture.ts';

const LIMIT = { failures: 2, windowMs: 1_000_000 };

test('a client that failed as often as it may waits for its window to end, and may fail again then', () => {
  const clock = new MovableClock();
  const limiter = new FailureLimiter(LIMIT, clock);
  limiter.failed('a');
  expect(limiter.waitMs('a')).toBe(0);
  limiter.failed('a');
  expect(limiter.waitMs('a')).toBeGreaterThan(0);
  expect(limiter.waitMs('b')).toBe(0);
  clock.advance(LIMIT.windowMs);
  expect(limiter.waitMs('a')).toBe(0);
  limiter.failed('a');
  expect(limiter.waitMs('a')).toBe(0);
});

test('of more clients than are counted the first is forgotten, also when its window is its second', () => {
  const clock = new MovableClock();
  const limiter = new FailureLimiter(LIMIT, clock);
  const failTwice = (client: string) => {
    limiter.failed(client);
    limiter.failed(client);
  };
  failTwice('again');
  clock.advance(LIMIT.windowMs);
  failTwice('first');
  failTwice('again');
  for (let client = 2; client < SERVER_LIMITS.countedClients; client++) limiter.failed(`client ${client}`);
  expect(limiter.waitMs('first')).toBeGreaterThan(0);
  limiter.failed('one more');
  expect(limiter.waitMs('first')).toBe(0);
  expect(limiter.waitMs('again')).toBeGreaterThan(0);
});
