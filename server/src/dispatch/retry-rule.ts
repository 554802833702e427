/** What becomes of a task whose attempt ended without a result. */
import type { AttemptState } from '@kiln/shared';
import { DISPATCH_LIMITS } from './limits.ts';

/** `counts`: as one of the task's tries; `free`: not the task's fault; `never`: the task fails now. */
export type Retry = 'counts' | 'free' | 'never';

export interface Tries {
  /** Begun so far, the one that just ended included. */
  readonly tries: number;
  readonly mostTries: number;
}

/** How it goes on: null when it is over. */
export interface NextTry {
  /** That count from now on. */
  readonly tries: number;
  readonly waitMs: number;
}

export function nextTry(retry: Retry, { tries, mostTries }: Tries): NextTry | null {
  if (retry === 'free') return { tries: Math.max(0, tries - 1), waitMs: 0 };
  return retry === 'counts' && tries < mostTries ? { tries, waitMs: retryDelayMs(tries) } : null;
}

const retryDelayMs = (tries: number): number =>
  Math.min(DISPATCH_LIMITS.retryDelayMaxMs, DISPATCH_LIMITS.retryDelayMs * 2 ** Math.max(0, tries - 1));

/** How an attempt ends whose lease ran out. One that never began was not tried: it does not count. */
export const endOfExpired = (state: AttemptState): { readonly state: 'lost' | 'withdrawn'; readonly retry: Retry } =>
  state === 'running' ? { state: 'lost', retry: 'counts' } : { state: 'withdrawn', retry: 'free' };
