/** What waits for the GPU, the most urgent first. */
const URGENCY = ['live', 'refine', 'import', 'frame', 'bench'] as const;
export type Urgency = (typeof URGENCY)[number];

/** Lets everything more urgent draw now, and then goes on. */
export type GiveWay = () => Promise<void>;

interface Waiting {
  readonly rank: number;
  readonly start: () => Promise<void>;
}

/** Drawing is serial: one picture at a time, live pictures before better ones of resting views before imports before frames, in order of arrival. */
export class DrawQueue {
  readonly #waiting: Waiting[] = [];
  #running = false;

  /**
   * Runs `draw` when its turn comes. A long one calls the function that it is given between its samples.
   *
   * @throws the signal's reason, before it begins or where it would give way.
   */
  run<T>(urgency: Urgency, draw: (giveWay: GiveWay) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const rank = URGENCY.indexOf(urgency);
    return new Promise<T>((resolve, reject) => {
      const start = async () => {
        try {
          signal?.throwIfAborted();
          const giveWay = async () => {
            signal?.throwIfAborted();
            await this.#drain(rank);
            signal?.throwIfAborted();
          };
          resolve(await draw(giveWay));
        } catch (error) {
          reject(error);
        }
      };
      this.#waiting.push({ rank, start });
      if (!this.#running) void this.#runAll();
    });
  }

  async #runAll(): Promise<void> {
    this.#running = true;
    await this.#drain(URGENCY.length);
    this.#running = false;
  }

  /** Runs what is more urgent than `rank` until nothing such waits. */
  async #drain(rank: number): Promise<void> {
    for (let next = this.#take(rank); next; next = this.#take(rank)) await next.start();
  }

  #take(rank: number): Waiting | undefined {
    let best = -1;
    for (const [index, { rank: other }] of this.#waiting.entries()) {
      if (other < rank && (best < 0 || other < (this.#waiting[best]?.rank ?? 0))) best = index;
    }
    return best < 0 ? undefined : this.#waiting.splice(best, 1)[0];
  }
}
