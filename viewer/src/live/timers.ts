/** Time, as the live view needs it; tests pass their own. */
export interface Timers {
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Unix milliseconds: to compare with a worker's clock. */
  unixMs(): number;
  /** Calls back once after `delayMs`; the result cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

export const browserTimers: Timers = {
  nowMs: () => performance.now(),
  unixMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
