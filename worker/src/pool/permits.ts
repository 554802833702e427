/**
 * A number of permits, given in the order of asking; but within a group to its most urgent asker, whoever of the group has
 * waited longest.
 */
export interface Asker {
  /** Urgency counts within a group only. */
  readonly group: string;
  /** Larger goes first. */
  readonly priority: number;
}

interface Waiting extends Asker {
  readonly start: () => void;
}

const NOBODY: Asker = { group: '', priority: 0 };

export class Permits {
  #free: number;
  readonly #waiting: Waiting[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /**
   * @returns gives the permit back, and answers whether it went to something more urgent of the group; more calls do nothing,
   *   and answer the same.
   * @throws the signal's reason when it aborts before a permit is free
   */
  async take(signal: AbortSignal, asker: Asker = NOBODY): Promise<() => boolean> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#wait(signal, asker);
    let gaveWay: boolean | null = null;
    return () => {
      gaveWay ??= this.#pass(asker);
      return gaveWay;
    };
  }

  /** @returns whether it went to something more urgent of the same group. */
  #pass({ group, priority }: Asker): boolean {
    const next = this.#next();
    if (!next) {
      this.#free++;
      return false;
    }
    this.#waiting.splice(this.#waiting.indexOf(next), 1);
    next.start();
    return next.group === group && next.priority > priority;
  }

  #next(): Waiting | undefined {
    const [first, ...others] = this.#waiting;
    if (!first) return undefined;
    const group = others.filter(({ group }) => group === first.group);
    return group.reduce((best, other) => (other.priority > best.priority ? other : best), first);
  }

  #wait(signal: AbortSignal, asker: Asker): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        ...asker,
        start: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(waiting);
    });
  }
}
