/** Which frames a task has: a slice of its layer's range. */
import {
  type Division,
  type FramePart,
  type FrameRange,
  frameAt,
  framePart,
  parseFrameRange,
  partsPerFrame,
  type RenderSettings,
  type TaskKind,
  testsFirst,
} from '@kiln/shared';

/** Ranges kept: expressions have up to 10,000 characters, and a busy farm asks for the same few all the time. */
const KEPT_RANGES = 256;

const ranges = new Map<string, FrameRange>();

/** Frames in the order of drawing. */
export function drawnOrder({ frames, test_frames: tests }: Pick<TaskSlicing, 'frames' | 'test_frames'>): FrameRange {
  const key = tests === null ? frames : `${tests.join(',')};${frames}`;
  const known = ranges.get(key);
  if (known) return known;
  const named = parseFrameRange(frames);
  const range = tests === null ? named : testsFirst(named, tests);
  if (ranges.size >= KEPT_RANGES) {
    for (const oldest of ranges.keys()) {
      ranges.delete(oldest);
      break;
    }
  }
  ranges.set(key, range);
  return range;
}

/** The part of a layer's row that says which frames its tasks have. */
export interface TaskSlicing {
  /** Frame expression. */
  readonly frames: string;
  readonly frame_count: number;
  /** Drawn first; null: none are. */
  readonly test_frames: readonly number[] | null;
  /** Tasks of one frame that come first. */
  readonly single_tasks: number;
  /** Frames of one task of the others. */
  readonly chunk: number;
  readonly division: Division | null;
}

/** Which of a layer's tasks. */
export interface TaskPlace {
  readonly kind: TaskKind;
  /** Counts tasks of the kind from 0. */
  readonly index: number;
}

/** Frame numbers of a task of a layer, in order. */
export function taskFrames(layer: TaskSlicing, { kind, index }: TaskPlace): number[] {
  const range = drawnOrder(layer);
  if (layer.division) {
    return [frameAt(range, kind === 'assemble' ? index : Math.floor(index / partsPerFrame(layer.division)))];
  }
  const isSingle = index < layer.single_tasks;
  const first = isSingle ? index : layer.single_tasks + (index - layer.single_tasks) * layer.chunk;
  const end = Math.min(first + (isSingle ? 1 : layer.chunk), layer.frame_count);
  return Array.from({ length: Math.max(0, end - first) }, (_, i) => frameAt(range, first + i));
}

/** Which task of a layer draws the frame at a place of its order, or makes it of its parts. */
export const taskOfPlace = (
  { division, single_tasks, chunk }: Pick<TaskSlicing, 'division' | 'single_tasks' | 'chunk'>,
  place: number,
): number => (division || place < single_tasks ? place : single_tasks + Math.floor((place - single_tasks) / chunk));

/** What a task draws of its frame; null of one that draws whole frames, or none. */
export function taskPart(
  { division, settings }: { readonly division: Division | null; readonly settings: RenderSettings },
  { kind, index }: TaskPlace,
): FramePart | null {
  return division && kind === 'render' ? framePart(division, settings, index % partsPerFrame(division)) : null;
}
