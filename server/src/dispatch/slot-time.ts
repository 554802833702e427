/** How long slots worked on attempts, from when those were claimed and ended. Pure. */

/** An attempt at one worker; times in milliseconds of one clock. */
export interface HeldAttempt {
  readonly claimedMs: number;
  /** Null: it is under way. */
  readonly endedMs: number | null;
}

/**
 * A worker claims more than it has slots for, so that what comes next is ready: an attempt has a slot when fewer than `slots`
 * of those that were claimed before it are left.
 *
 * @param attempts of one worker at frames, in the order in which they were claimed; those that ended before `fromMs` may be absent.
 * @returns milliseconds of a slot between `fromMs` and `toMs`, of each.
 */
export function slotTimes(
  attempts: readonly HeldAttempt[],
  slots: number,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): number[] {
  /** The latest ends so far, as many as there are slots, ascending. */
  const latest: number[] = [];
  return attempts.map(({ claimedMs, endedMs }) => {
    const endMs = endedMs ?? Number.POSITIVE_INFINITY;
    const freeMs = latest.length < slots ? Number.NEGATIVE_INFINITY : (latest[0] ?? 0);
    const at = latest.findIndex((end) => end > endMs);
    latest.splice(at < 0 ? latest.length : at, 0, endMs);
    if (latest.length > slots) latest.shift();
    return Math.max(0, Math.min(endMs, toMs) - Math.max(claimedMs, freeMs, fromMs));
  });
}
