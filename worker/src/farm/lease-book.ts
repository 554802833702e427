/**
 * The leases that this worker holds, by its monotonic clock. A lease that could not be renewed ends here a margin
 * before it ends at the server, so that no two workers ever draw for one task.
 */
import { KilnError, LEASE_MARGIN_MS } from '@kiln/shared';
import type { Clock } from '../clock.ts';

export interface HeldLease {
  readonly attemptId: string;
  readonly leaseToken: string;
  /** Aborts when the lease is lost or the attempt is to stop; its reason is a `KilnError`. */
  readonly signal: AbortSignal;
  /** False as soon as the lease may be over, even if no timer has run yet, as when this process was stopped for a while. */
  isHeld(): boolean;
  /** The attempt is over; nothing is renewed any more. */
  release(): void;
}

interface Entry {
  readonly leaseToken: string;
  readonly ended: AbortController;
  /** Monotonic milliseconds, margin taken off. */
  until: number;
  timer: NodeJS.Timeout | null;
}

export class LeaseBook {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What the heartbeat names. */
  get held(): { attemptId: string; leaseToken: string }[] {
    return [...this.#entries].map(([attemptId, { leaseToken }]) => ({ attemptId, leaseToken }));
  }

  /**
   * Takes up a lease.
   *
   * @returns null when this attempt is here already: the delivery came twice
   */
  take(attemptId: string, leaseToken: string, leaseMs: number): HeldLease | null {
    if (this.#entries.has(attemptId)) return null;
    const ended = new AbortController();
    const entry: Entry = { leaseToken, ended, until: 0, timer: null };
    this.#entries.set(attemptId, entry);
    this.renew(attemptId, leaseMs, this.#clock.monotonicMs());
    return {
      attemptId,
      leaseToken,
      signal: ended.signal,
      isHeld: () => !ended.signal.aborted && this.#clock.monotonicMs() < entry.until,
      release: () => this.#remove(attemptId, entry),
    };
  }

  /**
   * @param leaseMs how long it lasts
   * @param fromMs monotonic time at which the request for it was sent: the server counted from then or later
   */
  renew(attemptId: string, leaseMs: number, fromMs: number): void {
    const entry = this.#entries.get(attemptId);
    if (!entry) return;
    entry.until = fromMs + leaseMs - LEASE_MARGIN_MS;
    entry.timer ??= this.#arm(attemptId, entry);
  }

  /** Ends an attempt at once; unknown ones are none of ours any more. */
  stop(attemptId: string, why: string): void {
    const entry = this.#entries.get(attemptId);
    if (!entry) return;
    this.#remove(attemptId, entry);
    entry.ended.abort(new KilnError('attempt.stale', why));
  }

  stopAll(why: string): void {
    for (const attemptId of [...this.#entries.keys()]) this.stop(attemptId, why);
  }

  #arm(attemptId: string, entry: Entry): NodeJS.Timeout {
    const left = Math.max(0, entry.until - this.#clock.monotonicMs());
    const timer = setTimeout(() => {
      if (this.#clock.monotonicMs() >= entry.until) this.stop(attemptId, 'the lease ran out: it could not be renewed');
      else entry.timer = this.#arm(attemptId, entry);
    }, left);
    timer.unref();
    return timer;
  }

  #remove(attemptId: string, entry: Entry): void {
    if (entry.timer) clearTimeout(entry.timer);
    if (this.#entries.get(attemptId) === entry) this.#entries.delete(attemptId);
  }
}
