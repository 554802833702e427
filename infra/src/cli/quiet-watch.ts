/** Who waits longer than this is told why. */
const FIRST_LOOK_MS = 3_000;

/** Looks at something whenever nothing has been heard for a while: after 3 s, then less and less often. */
export class QuietWatch<T> {
  readonly #look: () => Promise<T>;
  readonly #seen: (value: T) => void;
  readonly #longestPauseMs: number;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /**
   * @param look what it rejects with is not told: that the farm does not answer is said by whoever waits for it.
   * @param seen is told what was found, unless something was heard meanwhile.
   */
  constructor(look: () => Promise<T>, seen: (value: T) => void, longestPauseMs: number) {
    this.#look = look;
    this.#seen = seen;
    this.#longestPauseMs = longestPauseMs;
    this.#lookAfter(FIRST_LOOK_MS);
  }

  heard(): void {
    this.#lookAfter(FIRST_LOOK_MS);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #lookAfter(pauseMs: number): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    const timer = setTimeout(async () => {
      const found = await this.#look().then(
        (value) => ({ value }),
        () => null,
      );
      if (this.#timer !== timer || this.#stopped) return;
      if (found !== null) this.#seen(found.value);
      this.#lookAfter(Math.min(this.#longestPauseMs, pauseMs * 2));
    }, pauseMs);
    this.#timer = timer;
  }
}
