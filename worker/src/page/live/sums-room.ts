/**
 * Which resting views keep what is summed of them, where there is not room for all. What is over goes first. What is not
 * over stays, and who finds no room asks again: were it the other way, each turn would undo what the next needs, and
 * nothing would ever be over. Whoever asks does so in turns: between two of one, everybody else who still wants has had one.
 */

interface SummedView {
  readonly sizeBytes: number;
  /** Nothing better comes of it. */
  readonly isOver: boolean;
}

interface Kept<T> {
  readonly view: T;
  turnAtMs: number;
}

export interface RoomLimits {
  readonly views: number;
  readonly bytes: number;
  /** After so long without a turn, one that is not over may go. */
  readonly abandonedMs: number;
}

export class SumsRoom<T extends SummedView> {
  readonly #limits: RoomLimits;
  readonly #nowMs: () => number;
  /** The one whose turn was last at the end. */
  readonly #kept = new Map<string, Kept<T>>();
  /** When each asked last; who began to first is first. */
  readonly #waiting = new Map<string, number>();

  /** @param nowMs of a clock that never jumps. */
  constructor(limits: RoomLimits, nowMs: () => number) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  get(key: string): T | undefined {
    return this.#kept.get(key)?.view;
  }

  /** The turn of what is kept is over. */
  touch(key: string): void {
    const kept = this.#kept.get(key);
    if (!kept) return;
    kept.turnAtMs = this.#nowMs();
    this.#kept.delete(key);
    this.#kept.set(key, kept);
  }

  /**
   * Asks for room for a view of which nothing is kept. One that is larger than all room gets it when it is alone.
   *
   * @returns what has to be let go of for it, by key; null: it has to wait, and ask again.
   */
  ask(key: string, sizeBytes: number): readonly string[] | null {
    const askedAtMs = this.#waiting.get(key) ?? null;
    const going = this.#isBehind(key, askedAtMs) ? null : this.#whatGoes(sizeBytes, askedAtMs);
    if (going) this.#waiting.delete(key);
    else this.#waiting.set(key, this.#nowMs());
    return going;
  }

  put(key: string, view: T): void {
    this.#kept.set(key, { view, turnAtMs: this.#nowMs() });
  }

  /** @returns what was kept. */
  remove(key: string): T | undefined {
    const view = this.get(key);
    this.#kept.delete(key);
    this.#waiting.delete(key);
    return view;
  }

  /** Whether somebody waits who asked before: of a large view, too, the turn comes. Who did not ask again is gone. */
  #isBehind(key: string, askedAtMs: number | null): boolean {
    for (const [other, otherAskedAtMs] of this.#waiting) {
      if (other === key) return false;
      if (askedAtMs === null || otherAskedAtMs >= askedAtMs) return true;
      this.#waiting.delete(other);
    }
    return false;
  }

  /** @param askedAtMs whose turn was before that, and did not come since, is no longer there; null: not known yet. */
  #whatGoes(sizeBytes: number, askedAtMs: number | null): string[] | null {
    const { views, bytes, abandonedMs } = this.#limits;
    let count = this.#kept.size;
    let keptBytes = [...this.#kept.values()].reduce((sum, { view }) => sum + view.sizeBytes, 0);
    const hasRoom = () => count === 0 || (count < views && keptBytes + sizeBytes <= bytes);
    const going: string[] = [];
    const idleFromMs = this.#nowMs() - abandonedMs;
    const isAbandoned = ({ turnAtMs }: Kept<T>) => askedAtMs !== null && turnAtMs < askedAtMs && turnAtMs <= idleFromMs;
    const over = [...this.#kept].filter(([, { view }]) => view.isOver);
    const abandoned = [...this.#kept].filter(([, kept]) => !kept.view.isOver && isAbandoned(kept));
    for (const [key, { view }] of [...over, ...abandoned]) {
      if (hasRoom()) break;
      going.push(key);
      count -= 1;
      keptBytes -= view.sizeBytes;
    }
    return hasRoom() ? going : null;
  }
}
