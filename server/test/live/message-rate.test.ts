import { expect, test } from 'vitest';
import { MessageRate } from '../../src/live/message-rate.ts';

test('lets a burst through, then so many a second', () => {
  const rate = new MessageRate(100, 10);
  expect(Array.from({ length: 11 }, () => rate.take(0))).toEqual([...Array.from({ length: 10 }, () => true), false]);
  expect(rate.take(5)).toBe(false);
  expect(rate.take(15)).toBe(true);
  expect(rate.take(15)).toBe(false);
});

test('rest does not save up more than a burst', () => {
  const rate = new MessageRate(100, 2);
  expect([rate.take(0), rate.take(60_000), rate.take(60_000), rate.take(60_000)]).toEqual([true, true, true, false]);
});
