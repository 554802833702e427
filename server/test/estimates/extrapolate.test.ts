import { expect, test } from 'vitest';
import { estimateOf, type ProbeFrame, timesOfHistory, timesOfProbe } from '../../src/estimates/extrapolate.ts';
import type { LayerToMeasure } from '../../src/estimates/layer-to-measure.ts';

const LAYER: LayerToMeasure = {
  name: 'beauty',
  frameCount: 100,
  taskCount: 100,
  samples: 64,
  mayEndEarly: false,
  timeLimitSec: 0,
  isDivided: false,
  engine: 'raster',
  backend: 'auto',
  history: null,
};

const picture = (frameNumber: number, drawSec: number, encodeSec = 0.1): ProbeFrame => ({
  frameNumber,
  drawSec,
  encodeSec,
});
const PARTS = { slotsOf: () => 2, priceOf: () => null, now: new Date(0) };

test('what a sample takes is told by two pictures of a frame; what the first takes more is told apart', () => {
  // A frame takes 1 s and 0.5 s a sample; shaders are compiled for 8 s, loading takes 2 s.
  const few = [picture(1, 9.5), picture(50, 1.5), picture(100, 1.5)];
  const more = [picture(1, 3), picture(50, 3), picture(100, 3)];
  const times = timesOfProbe(LAYER, { few, more, fewSamples: 1, moreSamples: 4 }, 2);
  expect(times).toMatchObject({ startSec: 10, frameSec: 33, deviationSec: 0, frames: 3, leastFrameSec: null });
  const estimate = estimateOf([{ layer: LAYER, times }], PARTS);
  // Two slots load and compile.
  expect(estimate).toMatchObject({ slotSec: 3_320, wallSec: 1_660, slots: 2, cost: null });
  expect(estimate.layers).toMatchObject([{ name: 'beauty', frameSec: 33, basis: 'probe', measuredFrames: 3 }]);
  expect(estimate.lowSlotSec).toBeCloseTo(2_656);
  expect(estimate.highSlotSec).toBeCloseTo(3_984);
});

test('few samples are taken as they are; encoding counts where it takes longer than drawing', () => {
  const few = [picture(1, 0.05), picture(2, 0.05), picture(3, 0.05)];
  const times = timesOfProbe({ ...LAYER, samples: 2 }, { few, more: [], fewSamples: 2, moreSamples: 2 }, 0);
  expect(times.frameSec).toBeCloseTo(0.1);
});

test('frames that differ make it less sure; one frame says nothing of others', () => {
  const even = { frameSec: 10, deviationSec: 0.1, frames: 50 };
  const highOf = (measured: typeof even) =>
    estimateOf([{ layer: LAYER, times: timesOfHistory(measured) }], PARTS).highSlotSec;
  expect(highOf(even)).toBeCloseTo(1_050);
  expect(highOf({ ...even, deviationSec: 10, frames: 3 })).toBeGreaterThan(2_000);
  expect(highOf({ ...even, frames: 1 })).toBeCloseTo(1_500);
});

test('a time limit holds; what noise may end early may take as little as was drawn', () => {
  const few = [picture(1, 1), picture(2, 1), picture(3, 1)];
  const more = [picture(1, 4), picture(2, 4), picture(3, 4)];
  const probe = { few, more, fewSamples: 1, moreSamples: 4 };
  const layer = { ...LAYER, mayEndEarly: true, timeLimitSec: 10 };
  const times = timesOfProbe(layer, probe, 0);
  expect(times).toMatchObject({ frameSec: 10, leastFrameSec: 4 });
  expect(estimateOf([{ layer, times }], PARTS).lowSlotSec).toBeLessThanOrEqual(400);
});

test('without a slot that could draw it nothing is said of when it would be over', () => {
  const times = timesOfHistory({ frameSec: 1, deviationSec: 0, frames: 9 });
  expect(estimateOf([{ layer: LAYER, times }], { ...PARTS, slotsOf: () => 0 })).toMatchObject({
    wallSec: null,
    slots: 0,
  });
});

test('layers add up; the price is that of all', () => {
  const times = timesOfHistory({ frameSec: 36, deviationSec: 0, frames: 9 });
  const priceOf = (slotSec: number) => ({ amount: slotSec / 3_600, currency: 'EUR' });
  const both = [LAYER, { ...LAYER, name: 'depth' }].map((layer) => ({ layer, times }));
  const estimate = estimateOf(both, { ...PARTS, priceOf });
  expect(estimate).toMatchObject({ slotSec: 7_200, wallSec: 3_600, cost: { amount: 2, currency: 'EUR' } });
  expect(estimate.layers.map(({ name }) => name)).toEqual(['beauty', 'depth']);
});
