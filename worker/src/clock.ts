/** Time, passed in so that a test can hold it. */
export interface Clock {
  /** Milliseconds that never go back; leases are judged by them. */
  monotonicMs(): number;
  /** Unix milliseconds with fractions, for stage times that others compare. */
  unixMs(): number;
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  unixMs: () => performance.timeOrigin + performance.now(),
};

/** Resolves after `ms`, or at once when `signal` aborts; look at the signal to tell which. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}
