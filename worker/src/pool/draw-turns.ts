/**
 * Whose turn it is to draw on one page. One at a time; live pictures before frames, each kind in the order of asking,
 * so that sessions take turns. A frame that waited for `frameWaitMs` goes first once: viewers cannot starve a job.
 * What has many samples does not keep live pictures waiting: the page interrupts it for them between samples.
 */
import type { Clock } from '../clock.ts';
import { WORKER_LIMITS } from '../limits.ts';

/** `refine`: a live picture of many samples; `long-frame`: a frame of many samples. */
export type DrawKind = 'live' | 'refine' | 'frame' | 'long-frame';

interface Waiting {
  readonly kind: DrawKind;
  readonly since: number;
  readonly start: () => void;
}

const isLong = (kind: DrawKind) => kind === 'refine' || kind === 'long-frame';

export class DrawTurns {
  readonly #clock: Clock;
  readonly #live: Waiting[] = [];
  readonly #refine: Waiting[] = [];
  readonly #frames: Waiting[] = [];
  #isDrawing = false;
  #isDrawingLong = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Waits for a turn. Whoever gets it calls the answer once the GPU is free again; more calls do nothing.
   *
   * @throws the signal's reason when it aborts before the turn comes
   */
  take(kind: DrawKind, signal: AbortSignal): Promise<() => void> {
    const queue = kind === 'live' ? this.#live : kind === 'refine' ? this.#refine : this.#frames;
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const leave = () => {
        queue.splice(queue.indexOf(waiting), 1);
        reject(signal.reason);
      };
      const waiting: Waiting = {
        kind,
        since: this.#clock.monotonicMs(),
        start: () => {
          signal.removeEventListener('abort', leave);
          resolve(this.#begin(kind));
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      queue.push(waiting);
      this.#next();
    });
  }

  #begin(kind: DrawKind): () => void {
    if (isLong(kind)) this.#isDrawingLong = true;
    else this.#isDrawing = true;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      if (isLong(kind)) this.#isDrawingLong = false;
      else this.#isDrawing = false;
      this.#next();
    };
  }

  #next(): void {
    const next = this.#choose();
    if (!next) return;
    next.start();
    // A live picture need not wait for what has just begun, if that is long.
    this.#next();
  }

  #choose(): Waiting | undefined {
    if (this.#isDrawing) return undefined;
    if (this.#isDrawingLong) return this.#live.shift();
    const [frame] = this.#frames;
    const isPatienceOver = frame && this.#clock.monotonicMs() - frame.since >= WORKER_LIMITS.frameWaitMs;
    if (isPatienceOver) return this.#frames.shift();
    return this.#live.shift() ?? this.#refine.shift() ?? this.#frames.shift();
  }
}
