/** Waits that grow: doubled every time up to a limit, with jitter so that many viewers do not come back as one. */
export interface BackOff {
  /** The next wait in milliseconds. */
  next(): number;
  /** What follows is a first try again. */
  reset(): void;
}

/** @param random gives numbers from 0 up to 1, as `Math.random` does. */
export function createBackOff(firstMs: number, maxMs: number, random: () => number): BackOff {
  let tries = 0;
  return {
    next() {
      const fullMs = Math.min(maxMs, firstMs * 2 ** Math.min(tries, 30));
      tries += 1;
      return Math.round(fullMs * (0.5 + random() / 2));
    },
    reset() {
      tries = 0;
    },
  };
}
