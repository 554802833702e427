/**
 * Claimed attempts that their worker does not name in its heartbeats. One heartbeat says little: it may have been written before the
 * claim, and read long after it.
 */
import { DISPATCH_LIMITS } from '../dispatch/limits.ts';
import { Remembered } from '../jobs/remembered.ts';

export class UnnamedAttempts {
  readonly #monotonicMs: () => number;
  /** Since when each is not named, by worker. */
  readonly #since = new Remembered<ReadonlyMap<string, number>>(DISPATCH_LIMITS.rememberedRows);

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /**
   * Notes what a heartbeat left out.
   *
   * @returns those of them that heartbeats have left out for too long: the worker has lost them.
   */
  note(workerId: string, attemptIds: readonly string[]): ReadonlySet<string> {
    const nowMs = this.#monotonicMs();
    const before = this.#since.get(workerId);
    const since = new Map(attemptIds.map((id) => [id, before?.get(id) ?? nowMs]));
    if (since.size > 0) this.#since.set(workerId, since);
    else this.#since.delete(workerId);
    return new Set(attemptIds.filter((id) => nowMs - (since.get(id) ?? nowMs) >= DISPATCH_LIMITS.forgottenAttemptMs));
  }
}
