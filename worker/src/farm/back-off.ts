/** Trying again: waits that double up to a limit, half of each at random, so that many workers do not come at once. */
import { KilnError } from '@kiln/shared';
import { pause } from '../clock.ts';
import { WORKER_LIMITS } from '../limits.ts';

const FIRST_MS = 100;

/** @param tries that have failed, from 1; @param random 0 to below 1; @param longestMs that a wait grows to */
export function backOffMs(tries: number, random: number, longestMs: number = WORKER_LIMITS.backOffMs): number {
  const full = Math.min(longestMs, FIRST_MS * 2 ** (tries - 1));
  return full / 2 + (full / 2) * random;
}

export interface RetryHooks {
  readonly signal: AbortSignal;
  /** Whether another try can help; what is thrown otherwise ends the tries. */
  readonly mayRetry: (error: unknown, tries: number) => boolean | Promise<boolean>;
  readonly random?: () => number;
  /** @defaultValue `WORKER_LIMITS.backOffMs` */
  readonly longestMs?: number;
}

/** @throws what `work` threw last, or the signal's reason */
export async function withRetries<T>(work: () => Promise<T>, hooks: RetryHooks): Promise<T> {
  const { signal, mayRetry, random = Math.random, longestMs } = hooks;
  for (let tries = 1; ; tries++) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (!(await mayRetry(error, tries))) throw error;
    }
    await pause(backOffMs(tries, random(), longestMs), signal);
  }
}

export const isRetryable = (error: unknown) => error instanceof KilnError && error.retryable;
