/** [LV43] How long pages have drawn for a session, told to a server that counts it. */
import type { Clock } from '../clock.ts';
import { WORKER_LIMITS } from '../limits.ts';

export class DrawnTime {
  readonly #clock: Clock;
  readonly #tell: (drawnMs: number) => void;
  #drawnMs = 0;
  #toldMs = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(clock: Clock, tell: (drawnMs: number) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** From now on until the page is free. @param free frees it. @returns what is to be called then, once or more often. */
  until(free: () => void): () => void {
    const beganAtMs = this.#clock.monotonicMs();
    let isOver = false;
    return () => {
      free();
      if (isOver) return;
      isOver = true;
      this.#drawnMs += this.#clock.monotonicMs() - beganAtMs;
      this.#timer ??= setTimeout(() => this.say(), WORKER_LIMITS.drawnSaidMs);
    };
  }

  /** What was not said yet. */
  say(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#drawnMs === this.#toldMs) return;
    this.#toldMs = this.#drawnMs;
    this.#tell(this.#drawnMs);
  }
}
