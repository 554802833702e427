import { WEBHOOK_LIMITS } from '../limits.ts';

/**
 * How long to wait after so many tries in vain; null: no longer.
 *
 * @param chance from 0 to 1, exclusive.
 */
export function retryAfterMs(tries: number, chance: number): number | null {
  const { retryMs, retryJitter } = WEBHOOK_LIMITS;
  const waitMs = retryMs[tries - 1];
  return waitMs === undefined ? null : Math.round(waitMs * (1 + retryJitter * (2 * chance - 1)));
}
