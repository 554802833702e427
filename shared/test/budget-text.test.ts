import { expect, test } from 'vitest';
import { parseBudget } from '../src/budget-text.ts';

test.each([
  ['2h', { slotSec: 7_200 }],
  ['1h30m', { slotSec: 5_400 }],
  ['2.5h', { slotSec: 9_000 }],
  ['90s', { slotSec: 90 }],
  ['876600h', { slotSec: 3_155_760_000 }],
  ['40 EUR', { amount: 40, currency: 'EUR' }],
  ['0.50 $', { amount: 0.5, currency: '$' }],
])('%s is read', (text, budget) => {
  expect(parseBudget(text)).toEqual(budget);
});

test.each([
  ['0h', 'more than nothing'],
  ['0 EUR', 'more than nothing'],
  ['876601h', 'at most 876600h'],
  ['2', 'expected time of slots as 2h, 1h30m or 90s, or money as 40 EUR, got "2"'],
  ['-2h', 'expected time'],
  ['lots', 'expected time'],
])('%s is refused', (text, why) => {
  expect(() => parseBudget(text, '/budget')).toThrow(why);
});
