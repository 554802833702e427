/** How long slots worked on attempts, from when those were claimed, drawn and ended. Pure. */

/** An attempt at one worker; times in milliseconds of one clock. */
export interface HeldAttempt {
  readonly claimedMs: number;
  /** Null: it is under way. */
  readonly endedMs: number | null;
  /** When its frames were drawn, in order, where that is known. @defaultValue nothing is known */
  readonly drawn?: readonly Drawn[];
}

export interface Drawn {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Span extends Drawn {
  readonly index: number;
  readonly drawn: readonly Drawn[];
}

/**
 * A worker claims more than it has slots for, so that what comes next is ready. From moment to moment its slots work first on
 * what is known to be drawn then; of the rest on what was claimed first; and last on what is drawn already, and only sent.
 *
 * @param attempts of one worker at frames, in the order in which they were claimed; those that ended before `fromMs` may be absent.
 * @returns milliseconds of a slot between `fromMs` and `toMs`, of each; of all together no more than slots times that time.
 */
export function slotTimes(
  attempts: readonly HeldAttempt[],
  slots: number,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): number[] {
  const times = attempts.map(() => 0);
  const spans = attempts
    .map(
      ({ claimedMs, endedMs, drawn = [] }, index): Span => ({
        index,
        drawn,
        fromMs: Math.max(claimedMs, fromMs),
        toMs: Math.min(endedMs ?? Number.POSITIVE_INFINITY, toMs),
      }),
    )
    .filter((span) => span.fromMs < span.toMs)
    .sort((a, b) => a.fromMs - b.fromMs || a.index - b.index);
  const moments = [...new Set(spans.flatMap((span) => [span, ...span.drawn].flatMap((one) => [one.fromMs, one.toMs])))];
  moments.sort((a, b) => a - b);
  let open: Span[] = [];
  let next = 0;
  for (const [at, now] of moments.entries()) {
    open = open.filter((span) => span.toMs > now);
    for (let span = spans[next]; span && span.fromMs <= now; span = spans[++next]) open.push(span);
    const ms = (moments[at + 1] ?? now) - now;
    for (const { index } of atWork(open, slots, now)) times[index] = (times[index] ?? 0) + ms;
  }
  return times;
}

function atWork(open: readonly Span[], slots: number, now: number): readonly Span[] {
  if (open.length <= slots) return open;
  const turns = open.map((span) => ({ span, turn: turnOf(span, now) }));
  return turns
    .sort((a, b) => a.turn - b.turn || a.span.index - b.span.index)
    .slice(0, slots)
    .map(({ span }) => span);
}

function turnOf({ drawn }: Span, now: number): number {
  const last = drawn.at(-1);
  if (last === undefined) return 1;
  if (drawn.some((one) => one.fromMs <= now && now < one.toMs)) return 0;
  return now < last.toMs ? 1 : 2;
}
