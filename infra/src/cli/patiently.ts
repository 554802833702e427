import { setTimeout as sleep } from 'node:timers/promises';
import { KilnError } from '@kiln/shared';

/** A farm that does not answer for this long is given up: longer than a server takes to be started again. */
export const GIVE_UP_MS = 120_000;

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 10_000;

/**
 * Makes a request again, after longer and longer waits, while the farm says that this can help or does not answer.
 *
 * @param waiting is told of every failure after which it is tried again.
 * @throws KilnError the last one, after `GIVE_UP_MS` or when trying again cannot help; the signal's reason.
 */
export async function patiently<T>(
  request: () => Promise<T>,
  signal: AbortSignal,
  waiting: (error: KilnError) => void = () => undefined,
): Promise<T> {
  const startedMs = Date.now();
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(LONGEST_DELAY_MS, delayMs * 2)) {
    signal.throwIfAborted();
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof KilnError) || !error.retryable || Date.now() - startedMs > GIVE_UP_MS) throw error;
      waiting(error);
    }
    await sleep(delayMs, undefined, { signal }).catch(() => undefined);
  }
}
