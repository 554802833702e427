/**
 * Which part of an attempt's time it had a slot. A worker takes as many attempts again as it has slots, so that while one
 * frame is encoded and sent the next is drawn: of what it holds ahead, the time before its slot was free is not counted.
 */
import { ESTIMATE_LIMITS } from './limits.ts';

export interface AttemptTime {
  readonly workerId: string;
  readonly slots: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

export class SlotTimes {
  /** Ends of the last attempts of each worker, the earliest first. */
  readonly #ends = new Map<string, number[]>();

  /**
   * Attempts of a worker come in the order of their ends, but for a few that are late.
   *
   * @returns milliseconds: no more than slots times the time, over all attempts of a worker that were not late.
   */
  add({ workerId, slots, startedAtMs, endedAtMs }: AttemptTime): number {
    const ends = this.#ends.get(workerId) ?? [];
    const before = ends.filter((ms) => ms <= endedAtMs);
    const after = ends.slice(before.length);
    const freeAtMs = before[before.length - slots] ?? Number.NEGATIVE_INFINITY;
    this.#ends.set(workerId, [...before, endedAtMs, ...after].slice(-slots * ESTIMATE_LIMITS.keptEndsPerSlot));
    return Math.max(0, endedAtMs - Math.max(startedAtMs, freeAtMs));
  }

  /** Workers that nothing was heard of for so long are forgotten. */
  forgetBefore(ms: number): void {
    for (const [workerId, ends] of this.#ends) if ((ends.at(-1) ?? 0) < ms) this.#ends.delete(workerId);
  }
}
