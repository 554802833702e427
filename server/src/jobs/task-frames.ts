/** Which frames a task has: a slice of its layer's range. */
import { type FrameRange, frameAt, parseFrameRange } from '@kiln/shared';

/** Ranges kept: expressions have up to 10,000 characters, and a busy farm asks for the same few all the time. */
const KEPT_RANGES = 256;

const ranges = new Map<string, FrameRange>();

function rangeOf(expression: string): FrameRange {
  const known = ranges.get(expression);
  if (known) return known;
  const range = parseFrameRange(expression);
  if (ranges.size >= KEPT_RANGES) {
    for (const oldest of ranges.keys()) {
      ranges.delete(oldest);
      break;
    }
  }
  ranges.set(expression, range);
  return range;
}

/** The part of a layer's row that says which frames its tasks have. */
export interface TaskSlicing {
  /** Frame expression. */
  readonly frames: string;
  readonly frame_count: number;
  /** Frames of one task. */
  readonly chunk: number;
}

/**
 * Frame numbers of the task at `index` of a layer, in order.
 *
 * @param index counts tasks from 0.
 */
export function taskFrames(layer: TaskSlicing, index: number): number[] {
  const range = rangeOf(layer.frames);
  const first = index * layer.chunk;
  const end = Math.min(first + layer.chunk, layer.frame_count);
  return Array.from({ length: Math.max(0, end - first) }, (_, i) => frameAt(range, first + i));
}
