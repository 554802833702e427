/** How long tasks of a layer or a job take, as a moving average: short ones are queued deeper. */
import { Remembered } from '../jobs/remembered.ts';

/** Weight of the newest time: about the last ten count. */
const WEIGHT = 0.2;
const KEPT = 1_000;

export class TaskTimes {
  readonly #means = new Remembered<number>(KEPT);

  note(id: string, taskMs: number): void {
    const mean = this.#means.get(id);
    this.#means.set(id, mean === undefined ? taskMs : mean + WEIGHT * (taskMs - mean));
  }

  /** Milliseconds, at least 1; null while none was measured. */
  of(id: string): number | null {
    const mean = this.#means.get(id);
    return mean === undefined ? null : Math.max(1, mean);
  }
}
