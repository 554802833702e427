/** Motion blur: when, while the shutter is open, each sample sees the scene. */
import { SAMPLES_PER_BLOCK } from '@kiln/shared';

/** The golden ratio's part behind the point: any number of its multiples are spread evenly over an interval. */
const GOLDEN_STEP = 0.618_033_988_749_894_9;

/** To pose a scene for path tracing takes longer than many samples. */
const TRACED_MOMENTS = 8;

/** From 0 to below 1, of the time that the shutter is open: raster sample `index`. The first sees it open. */
export const shutterMoment = (index: number): number => (index * GOLDEN_STEP) % 1;

/**
 * The same for sample `index` of a path-traced picture. One that may end early has seen all of the time that the shutter is
 * open whenever it does.
 */
export function tracedMomentOf({ samples, noiseThreshold, timeLimitMs }: TracedCount, index: number): number {
  const mayEndEarly = noiseThreshold > 0 || timeLimitMs > 0;
  return mayEndEarly
    ? tracedMoment(index % SAMPLES_PER_BLOCK, Math.min(samples, SAMPLES_PER_BLOCK))
    : tracedMoment(index, samples);
}

interface TracedCount {
  readonly samples: number;
  readonly noiseThreshold: number;
  readonly timeLimitMs: number;
}

/** Of `samples` samples, one after the other, in the middle of at most 8 slices of time. */
function tracedMoment(index: number, samples: number): number {
  const slices = Math.min(samples, TRACED_MOMENTS);
  return slices === 1 ? 0 : (Math.floor((index * slices) / samples) + 0.5) / slices;
}
