import type { Clock } from '../services.ts';

export interface FailureLimit {
  readonly failures: number;
  readonly windowMs: number;
}

/** Counts failures of a client in windows of fixed length, and says when it has to wait. Memory is bounded. */
export class FailureLimiter {
  readonly #limit: FailureLimit;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #windows = new Map<string, { count: number; endsAtMs: number }>();

  constructor(limit: FailureLimit, clock: Pick<Clock, 'monotonicMs'>) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /** Milliseconds until this client may fail again; 0: now. */
  waitMs(client: string): number {
    const window = this.#current(client);
    return window !== null && window.count >= this.#limit.failures ? window.endsAtMs - this.#clock.monotonicMs() : 0;
  }

  failed(client: string): void {
    const window = this.#current(client);
    if (window !== null) {
      window.count++;
      return;
    }
    this.#forgetEnded();
    this.#windows.set(client, { count: 1, endsAtMs: this.#clock.monotonicMs() + this.#limit.windowMs });
  }

  #current(client: string): { count: number; endsAtMs: number } | null {
    const window = this.#windows.get(client);
    return window !== undefined && window.endsAtMs > this.#clock.monotonicMs() ? window : null;
  }

  /** Windows end in the order in which they were opened, so only the oldest need a look. */
  #forgetEnded(): void {
    for (const [client, { endsAtMs }] of this.#windows) {
      if (endsAtMs > this.#clock.monotonicMs()) return;
      this.#windows.delete(client);
    }
  }
}
