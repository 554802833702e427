import { expect, test } from 'vitest';
import { durationText, estimateText, moneyText, slotTimeText, useText } from '../src/duration-text.ts';
import type { JobEstimate } from '../src/schemas/estimate.ts';

const ESTIMATE: JobEstimate = {
  slotSec: 468,
  lowSlotSec: 374.4,
  highSlotSec: 561.6,
  wallSec: 234,
  slots: 2,
  cost: null,
  confidence: 0.8,
  layers: [],
  madeAt: '2026-11-29T12:00:00.000Z',
};

test.each([
  [0.42, '0.4 s'],
  [9.96, '10 s'],
  [89, '89 s'],
  [234, '4 min'],
  [3_590, '1 h'],
  [7_500, '2 h 5 min'],
  [468_000, '130 h'],
])('%d s is %s', (sec, text) => {
  expect(durationText(sec)).toBe(text);
});

test.each([
  [1.26, '1.3 slot-seconds'],
  [35.9, '36 slot-seconds'],
  [468, '0.13 slot-hours'],
  [72_000, '20.0 slot-hours'],
])('%d slot-seconds are %s', (sec, text) => {
  expect(slotTimeText(sec)).toBe(text);
});

test('an estimate is one line', () => {
  expect(estimateText(ESTIMATE)).toBe('about 4 min on 2 slots, 0.13 slot-hours, ±20 %');
  const priced = { ...ESTIMATE, cost: { amount: 0.11, currency: 'EUR' }, lowSlotSec: 46.8, slots: 1 };
  expect(estimateText(priced)).toBe('about 4 min on 1 slot, 0.13 slot-hours, 0.11 EUR, −90 % to +20 %');
  expect(estimateText({ ...ESTIMATE, wallSec: null })).toMatch(/^no worker that is here draws it, /);
  expect(moneyText({ amount: 0.0123, currency: 'EUR' })).toBe('0.0123 EUR');
});

test('what came is compared with what was thought', () => {
  const use = { slotSec: 515, cost: null, estimate: ESTIMATE, budget: null };
  expect(useText(use, false)).toBe('0.13 slot-hours estimated, took 0.14 slot-hours (+10 %)');
  expect(useText({ ...use, slotSec: 421 }, false)).toContain('(−10 %)');
  expect(useText({ ...use, slotSec: 30 }, true)).toBe('30 slot-seconds so far, 0.13 slot-hours estimated');
  expect(useText({ ...use, estimate: null }, false)).toBe('0.14 slot-hours');
});
