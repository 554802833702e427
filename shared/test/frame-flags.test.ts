import { expect, it } from 'vitest';
import { flagTexts, frameFlags } from '../src/frame-flags.ts';

const GOOD = { min: 0, max: 1, mean: 0.4, nanCount: 0 };

it.each([
  [GOOD, [], []],
  [{ ...GOOD, nanCount: 3 }, ['nan'], ['3 pixels are not numbers']],
  [{ ...GOOD, nanCount: 1 }, ['nan'], ['1 pixel is not a number']],
  [{ ...GOOD, max: 0, mean: 0 }, ['black'], ['all black']],
  // Nothing glows, which is no fault; something is no number, which is.
  [{ ...GOOD, pass: 'emission', max: 0 }, [], []],
  [{ ...GOOD, pass: 'depth', nanCount: 1 }, ['nan'], ['1 pixel is not a number']],
  [{ ...GOOD, pass: 'noisy', max: 0 }, ['black'], ['all black']],
  // Linear light may be less than nothing.
  [
    { ...GOOD, min: -1, max: -0.5, mean: -0.7, nanCount: 2 },
    ['nan', 'black'],
    ['2 pixels are not numbers', 'all black'],
  ],
  [null, [], []],
] as const)('%j has the flags %j: %j', (statistics, flags, texts) => {
  expect(frameFlags(statistics)).toEqual(flags);
  expect(flagTexts({ flags: [...flags], statistics })).toEqual(texts);
});
