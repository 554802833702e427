import { expect, test } from 'vitest';
import { Histogram } from '../../src/simulator/histogram.ts';

test('quantiles are within a hundredth, the largest is exact, and what is nothing counts', () => {
  const histogram = new Histogram();
  expect(histogram.quantileMs(0.5)).toBe(0);
  for (let ms = 1; ms <= 10_000; ms++) histogram.add(ms);
  expect(Math.abs(histogram.quantileMs(0.5) / 5_000 - 1)).toBeLessThan(0.011);
  expect(Math.abs(histogram.quantileMs(0.95) / 9_500 - 1)).toBeLessThan(0.011);
  expect(histogram.maxMs).toBe(10_000);
  for (let n = 0; n < 20_000; n++) histogram.add(0);
  expect(histogram.quantileMs(0.5)).toBe(0);
  expect(histogram.n).toBe(30_000);
});
