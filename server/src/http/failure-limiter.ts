import { SERVER_LIMITS } from '../limits.ts';
import type { Clock, FailureCount } from '../services.ts';

export interface FailureLimit {
  readonly failures: number;
  readonly windowMs: number;
}

/**
 * Counts failures of a client in windows of fixed length, and says when it has to wait. Of more clients than
 * `SERVER_LIMITS.countedClients` the one whose window opened first is forgotten.
 */
export class FailureLimiter implements FailureCount {
  readonly #limit: FailureLimit;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #windows = new Map<string, { count: number; endsAtMs: number }>();

  constructor(limit: FailureLimit, clock: Pick<Clock, 'monotonicMs'>) {
    this.#limit = limit;
    this.#clock = clock;
  }

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
    this.#windows.delete(client);
    this.#makeRoom();
    this.#windows.set(client, { count: 1, endsAtMs: this.#clock.monotonicMs() + this.#limit.windowMs });
  }

  #current(client: string): { count: number; endsAtMs: number } | null {
    const window = this.#windows.get(client);
    return window !== undefined && window.endsAtMs > this.#clock.monotonicMs() ? window : null;
  }

  /** Windows end in the order in which they were opened, so only the oldest need a look. */
  #makeRoom(): void {
    for (const [client, { endsAtMs }] of this.#windows) {
      if (endsAtMs > this.#clock.monotonicMs() && this.#windows.size < SERVER_LIMITS.countedClients) return;
      this.#windows.delete(client);
    }
  }
}
