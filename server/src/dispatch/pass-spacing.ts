import type { PickWorker } from './desk.ts';
import { DISPATCH_LIMITS } from './limits.ts';

/** Milliseconds from one pass to the next: a quarter of what is queued ahead of the worker that has the least. */
export function passSpacingMs(workers: Iterable<Pick<PickWorker, 'queuedMs' | 'slots'>>): number {
  let least: number = DISPATCH_LIMITS.passSpacingMaxMs;
  for (const { queuedMs, slots } of workers) {
    least = Math.min(least, queuedMs === null ? 0 : queuedMs / slots / 4);
    if (least <= DISPATCH_LIMITS.passSpacingMs) return DISPATCH_LIMITS.passSpacingMs;
  }
  return least;
}
