/** First come, first served. Waiting ends with an error rather than never: a transaction that uses `db` inside itself. */
export class SessionMutex {
  readonly #maxWaitMs: number;
  readonly #waiting: { enter(): void }[] = [];
  #held = false;

  constructor(maxWaitMs: number) {
    this.#maxWaitMs = maxWaitMs;
  }

  /** @throws Error after `maxWaitMs`. */
  lock(): Promise<void> {
    if (!this.#held) {
      this.#held = true;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(
          new Error(`waited ${this.#maxWaitMs} ms for the store's session: does a transaction use the store itself?`),
        );
      }, this.#maxWaitMs);
      const waiter = {
        enter: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      this.#waiting.push(waiter);
    });
  }

  unlock(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#held = false;
    else next.enter();
  }
}
