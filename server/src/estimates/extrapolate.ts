/** Pure: from measured times to what a job would take. */
import type { EstimateBasis, JobEstimate, LayerEstimate, Money } from '@kiln/shared';
import type { LayerToMeasure, Measured } from './layer-to-measure.ts';
import { ESTIMATE_LIMITS } from './limits.ts';

/** A picture of a probe: seconds of each stage. */
export interface ProbeFrame {
  readonly frameNumber: number;
  readonly drawSec: number;
  readonly encodeSec: number;
}

/** Pictures of a layer, in the order of drawing: with few samples, and with more of them where the layer has more. */
export interface ProbeTimes {
  readonly few: readonly ProbeFrame[];
  readonly more: readonly ProbeFrame[];
  readonly fewSamples: number;
  readonly moreSamples: number;
}

/** What one slot takes before its first frame, and what each frame takes. */
export interface LayerTimes extends Measured {
  readonly basis: EstimateBasis;
  readonly startSec: number;
  /** A frame that noise ends as early as may be; null where all samples are drawn. */
  readonly leastFrameSec: number | null;
}

/**
 * The time of a frame grows by the same with each sample: two pictures of it tell that, and what it takes beside. The very
 * first picture has shaders compiled; what it takes more than the others is told apart.
 */
export function timesOfProbe(
  { samples, mayEndEarly, timeLimitSec }: Pick<LayerToMeasure, 'samples' | 'mayEndEarly' | 'timeLimitSec'>,
  { few, more, fewSamples, moreSamples }: ProbeTimes,
  loadSec: number,
): LayerTimes {
  const [first, ...others] = few;
  const typical =
    others.length > 0 ? mean(others.map(({ drawSec }) => drawSec)) : (more[0]?.drawSec ?? first?.drawSec ?? 0);
  const warmUpSec = Math.max(0, (first?.drawSec ?? 0) - typical);
  const drawOf = (frame: ProbeFrame) => (frame === first ? frame.drawSec - warmUpSec : frame.drawSec);
  const base = more.length > 0 ? more : few;
  const drawn = more.length > 0 ? moreSamples : fewSamples;
  const frames = base.map((frame) => {
    const lesser = few.find(({ frameNumber }) => frameNumber === frame.frameNumber);
    const perSample = more.length > 0 && lesser ? (frame.drawSec - drawOf(lesser)) / (moreSamples - fewSamples) : 0;
    const drawSec = drawOf(frame) + Math.max(0, perSample) * (samples - drawn);
    const limited = timeLimitSec > 0 ? Math.min(drawSec, timeLimitSec) : drawSec;
    return { whole: Math.max(limited, frame.encodeSec), least: Math.max(drawOf(frame), frame.encodeSec) };
  });
  const whole = frames.map((frame) => frame.whole);
  return {
    basis: 'probe',
    startSec: loadSec + warmUpSec,
    frameSec: mean(whole),
    deviationSec: deviation(whole),
    frames: whole.length,
    leastFrameSec: mayEndEarly ? Math.min(mean(whole), mean(frames.map((frame) => frame.least))) : null,
  };
}

export const timesOfHistory = (measured: Measured): LayerTimes => ({
  ...measured,
  basis: 'history',
  startSec: 0,
  leastFrameSec: null,
});

export interface EstimateParts {
  readonly slotsOf: (layer: LayerToMeasure) => number;
  readonly priceOf: (slotSec: number) => Money | null;
  readonly now: Date;
}

export function estimateOf(
  layers: readonly { readonly layer: LayerToMeasure; readonly times: LayerTimes }[],
  { slotsOf, priceOf, now }: EstimateParts,
): JobEstimate {
  const tasks = layers.reduce((sum, { layer }) => sum + layer.taskCount, 0);
  const estimates = layers.map(({ layer, times }) => {
    const slots = slotsOf(layer);
    // Each slot loads the scene once.
    const starts = Math.max(1, Math.min(slots, layer.taskCount)) * times.startSec;
    return { slots, longest: times.startSec + times.frameSec, estimate: layerEstimate(layer, times, starts) };
  });
  const slots = Math.min(...estimates.map((one) => one.slots));
  const total = (of: (one: LayerEstimate) => number) => estimates.reduce((sum, { estimate }) => sum + of(estimate), 0);
  const slotSec = total((one) => one.slotSec);
  return {
    slotSec,
    lowSlotSec: total((one) => one.lowSlotSec),
    highSlotSec: total((one) => one.highSlotSec),
    wallSec:
      slots === 0
        ? null
        : Math.max(
            ...estimates.map(({ longest }) => longest),
            estimates.reduce((sum, one) => sum + one.estimate.slotSec / Math.min(one.slots, tasks), 0),
          ),
    slots,
    cost: priceOf(slotSec),
    confidence: ESTIMATE_LIMITS.confidence,
    layers: estimates.map(({ estimate }) => estimate),
    madeAt: now.toISOString(),
  };
}

function layerEstimate(layer: LayerToMeasure, times: LayerTimes, startSec: number): LayerEstimate {
  const { name, frameCount, samples } = layer;
  const { frameSec, frames, basis, leastFrameSec } = times;
  const slotSec = frameCount * frameSec + startSec;
  const isExtrapolated = basis === 'probe' && samples > ESTIMATE_LIMITS.probeSamples;
  const part = Math.max(spread(times), basis === 'history' ? 0.05 : isExtrapolated ? 0.2 : 0.15);
  const low = slotSec * Math.max(0.1, 1 - part);
  return {
    name,
    frameCount,
    frameSec,
    slotSec,
    lowSlotSec: leastFrameSec === null ? low : Math.min(low, frameCount * leastFrameSec),
    highSlotSec: slotSec * (1 + part),
    basis,
    measuredFrames: frames,
  };
}

/** Student's t of 1, 2, 3 … degrees of freedom, for four cases of five. */
const STUDENT = [3.078, 1.886, 1.638, 1.533, 1.476, 1.44, 1.415, 1.397, 1.383, 1.372] as const;
const STUDENT_MANY = 1.282;
/** Of one frame alone nothing is known of how they differ. */
const UNKNOWN_SPREAD = 0.5;

/** Half of the interval in which the mean of all frames lies, as a part of it. */
function spread({ frameSec, deviationSec, frames }: Measured): number {
  if (frames < 2 || frameSec <= 0) return UNKNOWN_SPREAD;
  return ((STUDENT[frames - 2] ?? STUDENT_MANY) * deviationSec) / (frameSec * Math.sqrt(frames));
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
}
