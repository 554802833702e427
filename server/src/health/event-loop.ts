/** How late the event loop runs what is due: what every request and every picture of a live view waits for. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { EventLoopDelay } from '@kiln/shared';

/** Node's histogram holds the time between two ticks of its timer, so this much of each is no delay. */
const TICK_MS = 2;

export class EventLoopWatch {
  readonly #histogram = monitorEventLoopDelay({ resolution: TICK_MS });
  #sinceMs = performance.now();

  constructor() {
    this.#histogram.enable();
  }

  /** Figures since the last call, or since the watch began; begins anew. */
  take(): EventLoopDelay {
    const now = performance.now();
    const delay = {
      windowMs: now - this.#sinceMs,
      p50Ms: delayMs(this.#histogram.percentile(50)),
      p99Ms: delayMs(this.#histogram.percentile(99)),
      maxMs: delayMs(this.#histogram.max),
    };
    this.#histogram.reset();
    this.#sinceMs = now;
    return delay;
  }

  stop(): void {
    this.#histogram.disable();
  }
}

const delayMs = (betweenTicksNs: number): number => Math.max(0, betweenTicksNs / 1e6 - TICK_MS);
