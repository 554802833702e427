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
} from '@kiln/shared';

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
  const range = rangeOf(layer.frames);
  if (layer.division) {
    return [frameAt(range, kind === 'assemble' ? index : Math.floor(index / partsPerFrame(layer.division)))];
  }
  const first = index * layer.chunk;
  const end = Math.min(first + layer.chunk, layer.frame_count);
  return Array.from({ length: Math.max(0, end - first) }, (_, i) => frameAt(range, first + i));
}

/** What a task draws of its frame; null of one that draws whole frames, or none. */
export function taskPart(
  { division, settings }: { readonly division: Division | null; readonly settings: RenderSettings },
  { kind, index }: TaskPlace,
): FramePart | null {
  return division && kind === 'render' ? framePart(division, settings, index % partsPerFrame(division)) : null;
}
