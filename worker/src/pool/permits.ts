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

export interface Permit {
  /** @returns whether it went to something more urgent of the group; more calls do nothing, and answer the same. */
  giveBack(): boolean;
  /** Aborts when something more urgent of the group waits for it. */
  readonly wanted: AbortSignal;
}

interface Waiting extends Asker {
  readonly start: () => void;
}

interface Held extends Asker {
  readonly wanted: AbortController;
}

const NOBODY: Asker = { group: '', priority: 0 };

export class Permits {
  #free: number;
  readonly #waiting: Waiting[] = [];
  readonly #held = new Set<Held>();

  constructor(count: number) {
    this.#free = count;
  }

  /** @throws the signal's reason when it aborts before a permit is free */
  async take(signal: AbortSignal, asker: Asker = NOBODY): Promise<Permit> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#wait(signal, asker);
    const held = { ...asker, wanted: new AbortController() };
    this.#held.add(held);
    this.#askHolders();
    let gaveWay: boolean | null = null;
    return {
      giveBack: () => {
        gaveWay ??= this.#pass(held);
        return gaveWay;
      },
      wanted: held.wanted.signal,
    };
  }

  /** @returns whether it went to something more urgent of the same group. */
  #pass(held: Held): boolean {
    this.#held.delete(held);
    const next = this.#next();
    if (!next) {
      this.#free++;
      return false;
    }
    this.#waiting.splice(this.#waiting.indexOf(next), 1);
    next.start();
    return isMoreUrgent(next, held);
  }

  #next(): Waiting | undefined {
    const [first, ...others] = this.#waiting;
    if (!first) return undefined;
    const group = others.filter(({ group }) => group === first.group);
    return group.reduce((best, other) => (other.priority > best.priority ? other : best), first);
  }

  /** As many holders as are waited for by something more urgent of their group, the least urgent first. */
  #askHolders(): void {
    const taken = new Set<Held>();
    for (const asker of this.#waiting.toSorted((a, b) => b.priority - a.priority)) {
      const holders = [...this.#held].filter((held) => !taken.has(held) && isMoreUrgent(asker, held));
      const [first, ...others] = holders;
      if (!first) continue;
      const least = others.reduce((best, other) => (other.priority < best.priority ? other : best), first);
      // One that was asked before is on its way.
      const asked = holders.find(({ wanted }) => wanted.signal.aborted) ?? least;
      taken.add(asked);
      asked.wanted.abort();
    }
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
      this.#askHolders();
    });
  }
}

const isMoreUrgent = (one: Asker, other: Asker): boolean => one.group === other.group && one.priority > other.priority;
