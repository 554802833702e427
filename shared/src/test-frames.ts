/** Which frames of each layer are drawn first. */
import { KilnError } from './errors.ts';
import { type FrameRange, frameCount, includesFrame, parseFrameRange } from './frame-range.ts';
import type { FrameSegment } from './frame-segments.ts';
import { layerNames } from './layer-names.ts';
import { layerNeeds } from './layer-needs.ts';
import { LIMITS } from './limits.ts';
import type { JobRequest } from './schemas/job.ts';
import type { LayerNeed } from './schemas/layer-needs.ts';
import type { TestFrames } from './schemas/test-frames.ts';

/** `done`: the rest begins when they are; `approval`: when somebody has approved them. */
export interface LayerTests {
  readonly frames: readonly number[];
  readonly gate: 'done' | 'approval';
}

/**
 * Those of each layer; null where it has none. Of a job's, each layer draws those that it has, but for layers of which nothing
 * can be drawn before others are done; some layer must have each of them.
 *
 * @throws KilnError `request.invalid`, `job.bad_frame_range` or `job.too_large` with the field.
 */
export function layerTests({ layers, testFrames }: Pick<JobRequest, 'layers' | 'testFrames'>): (LayerTests | null)[] {
  if (testFrames === undefined && layers.every((layer) => layer.testFrames === undefined))
    return layers.map(() => null);
  // Frames of other jobs come whatever this one holds back.
  const needs = layerNeeds(layers).map((own) => own.filter(({ job }) => job === undefined));
  const names = layerNames(layers);
  const late = lateLayers(needs, names);
  const lost = new Set<number>();
  const tests = layers.map(({ frames, testFrames: own }, index): LayerTests | null => {
    const range = parseFrameRange(frames);
    const field = `/layers/${index}/testFrames`;
    if (own !== undefined) {
      if (!late.has(index)) return testsOf(own, range, field, (frame) => missing(frame, frames, field));
      const message = `layer “${names[index]}” waits for others as a whole: none of its frames can be drawn first`;
      throw new KilnError('request.invalid', message, { field });
    }
    if (testFrames === undefined || late.has(index)) return null;
    return testsOf(testFrames, range, '/testFrames', (frame) => lost.add(frame));
  });
  if (testFrames !== undefined && tests.every((one) => one === null)) {
    throw new KilnError('request.invalid', 'no layer has any of these frames', { field: '/testFrames' });
  }
  const nobodys = [...lost].find((frame) => !tests.some((one) => one?.frames.includes(frame)));
  if (nobodys !== undefined) {
    const message = `no layer whose frames can be drawn first has frame ${nobodys}`;
    throw new KilnError('request.invalid', message, { field: '/testFrames' });
  }
  checkSame(needs, names, tests);
  return tests;
}

const missing = (frame: number, frames: string, field: string): never => {
  throw new KilnError('request.invalid', `frame ${frame} is none of ${frames}`, { field });
};

function testsOf(
  asked: TestFrames,
  range: FrameRange,
  field: string,
  onMissing: (frame: number) => void,
): LayerTests | null {
  const { frames: text, approve = false } = typeof asked === 'string' ? { frames: asked } : asked;
  const named = new Set(text.split(',').flatMap((item) => framesOf(item.trim(), range, field)));
  if (named.size > LIMITS.testFrames) {
    const message = `expected at most ${LIMITS.testFrames} test frames, got ${named.size}`;
    throw new KilnError('request.invalid', message, { field });
  }
  const frames = [...named].filter((frame) => {
    const isThere = includesFrame(range, frame);
    if (!isThere) onMissing(frame);
    return isThere;
  });
  return frames.length === 0 ? null : { frames, gate: approve ? 'approval' : 'done' };
}

function framesOf(item: string, range: FrameRange, field: string): number[] {
  const ends = range.segments.flatMap(({ first, step, count }) => [first, first + step * (count - 1)]);
  const lowest = Math.min(...ends);
  const highest = Math.max(...ends);
  if (item === 'first') return [lowest];
  if (item === 'last') return [highest];
  if (item === 'middle') return [nearest(range, (lowest + highest) / 2)];
  let asked: FrameRange;
  try {
    asked = parseFrameRange(item);
  } catch (cause) {
    if (!(cause instanceof KilnError)) throw cause;
    throw new KilnError(cause.code, `${cause.message}; or first, middle, last`, { field, cause });
  }
  if (frameCount(asked) > LIMITS.testFrames) {
    const message = `expected at most ${LIMITS.testFrames} test frames, got ${frameCount(asked)}`;
    throw new KilnError('request.invalid', message, { field });
  }
  return asked.segments.flatMap(({ first, step, count }) =>
    Array.from({ length: count }, (_, at) => first + at * step),
  );
}

function nearest({ segments }: FrameRange, to: number): number {
  const best = segments.map(({ first, step, count }) => {
    const at = Math.min(count - 1, Math.max(0, Math.round((to - first) / step)));
    return first + at * step;
  });
  return best.reduce((a, b) => (Math.abs(b - to) < Math.abs(a - to) ? b : a));
}

/** Layers that wait for all of another, and those that wait for such. */
function lateLayers(needs: readonly LayerNeed[][], names: readonly string[]): ReadonlySet<number> {
  const late = new Set<number>();
  for (let before = -1; before !== late.size; ) {
    before = late.size;
    needs.forEach((own, index) => {
      if (own.some(({ layer, frames }) => frames === 'all' || late.has(names.indexOf(layer)))) late.add(index);
    });
  }
  return late;
}

/** Layers that wait for the same frames of one another draw them in the same order. */
function checkSame(
  needs: readonly LayerNeed[][],
  names: readonly string[],
  tests: readonly (LayerTests | null)[],
): void {
  needs.forEach((own, at) => {
    for (const { layer, frames } of own) {
      if (frames !== 'same') continue;
      const [mine, theirs] = [tests[at]?.frames ?? [], tests[names.indexOf(layer)]?.frames ?? []];
      if (mine.join() === theirs.join()) continue;
      const message = `layer “${names[at]}” needs the same frames of “${layer}”: both must have the same test frames; give them for the job`;
      throw new KilnError('request.invalid', message, { field: `/layers/${at}/testFrames` });
    }
  });
}

/** The order of drawing: these frames, then the others as they are named. */
export function testsFirst({ segments }: FrameRange, tests: readonly number[]): FrameRange {
  const single = (first: number): FrameSegment => ({ first, step: 1, count: 1 });
  return { segments: [...tests.map(single), ...segments.flatMap((segment) => without(segment, tests))] };
}

function without({ first, step, count }: FrameSegment, frames: readonly number[]): FrameSegment[] {
  const holes = frames
    .map((frame) => (frame - first) / step)
    .filter((at) => Number.isInteger(at) && at >= 0 && at < count)
    .sort((a, b) => a - b);
  const parts: FrameSegment[] = [];
  let from = 0;
  for (const hole of [...holes, count]) {
    const length = hole - from;
    if (length > 0) parts.push({ first: first + from * step, step: length === 1 ? 1 : step, count: length });
    from = hole + 1;
  }
  return parts;
}

/** The place of a frame in the order of a range; -1 when it is not in it. */
export function placeOf({ segments }: FrameRange, frame: number): number {
  let before = 0;
  for (const { first, step, count } of segments) {
    const at = (frame - first) / step;
    if (Number.isInteger(at) && at >= 0 && at < count) return before + at;
    before += count;
  }
  return -1;
}
