/** The frames of a job in their order, finished or not. */
import { type Frame, frameAt, frameCount, type Job, parseFrameRange } from '@kiln/shared';
import { frameKey } from '../farm/farm.ts';

export interface FrameSlot {
  readonly key: string;
  readonly layer: string;
  readonly frameNumber: number;
  /** Null until it is finished. */
  readonly frame: Frame | null;
}

/**
 * The first `limit` of them. An expression is read only as far as it is shown: one for a million frames costs no more than
 * one for ten.
 */
export function frameSlots(job: Job, frames: readonly Frame[], limit: number): FrameSlot[] {
  const done = new Map(frames.map((frame) => [frameKey(frame), frame]));
  const slots: FrameSlot[] = [];
  for (const { name: layer, frames: expression } of job.layers) {
    const range = parseFrameRange(expression);
    const count = Math.min(frameCount(range), limit - slots.length);
    for (let index = 0; index < count; index++) {
      const frameNumber = frameAt(range, index);
      const key = frameKey({ layer, frameNumber });
      slots.push({ key, layer, frameNumber, frame: done.get(key) ?? null });
    }
  }
  return slots;
}
