/**
 * Which part of an attempt's time it had a slot. A worker takes as many attempts again as it has slots, so that while one
 * frame is encoded and sent the next is drawn: of those that it holds at once, each is charged what a slot worked on it.
 */
import { type Drawn, type HeldAttempt, slotTimes } from '../dispatch/slot-time.ts';
import { ESTIMATE_LIMITS } from './limits.ts';

export interface AttemptTime extends HeldAttempt {
  readonly id: string;
}

export interface WorkerAttempts {
  readonly workerId: string;
  readonly slots: number;
  /** Those that have ended since the last time. */
  readonly ended: readonly (AttemptTime & { readonly endedMs: number })[];
  /** Those that are under way, all of them. */
  readonly underWay: readonly AttemptTime[];
  readonly nowMs: number;
}

export class SlotTimes {
  /** The last attempts of each worker that have ended, the earliest first; and all beside which some are under way. */
  readonly #ended = new Map<string, WorkerAttempts['ended']>();

  /** @returns milliseconds of each of the attempts until now, by their ids. */
  add({ workerId, slots, ended, underWay, nowMs }: WorkerAttempts): Map<string, number> {
    const known = [...(this.#ended.get(workerId) ?? []), ...ended].sort((a, b) => a.endedMs - b.endedMs);
    const attempts = [...known, ...underWay].sort((a, b) => a.claimedMs - b.claimedMs);
    const toMs = Math.max(nowMs, known.at(-1)?.endedMs ?? nowMs);
    const times = slotTimes(attempts, slots, { fromMs: Number.NEGATIVE_INFINITY, toMs });
    const from = known.length - slots * ESTIMATE_LIMITS.keptEndsPerSlot;
    // What was claimed before one that is under way, and ended after that was claimed, kept it from its slot until then.
    const kept = known.filter(
      (one, index) =>
        index >= from || underWay.some(({ claimedMs }) => one.claimedMs <= claimedMs && claimedMs < one.endedMs),
    );
    if (kept.length > 0) this.#ended.set(workerId, kept);
    return new Map(attempts.map(({ id }, index) => [id, times[index] ?? 0]));
  }

  /** Workers that nothing was heard of for so long are forgotten. */
  forgetBefore(ms: number): void {
    for (const [workerId, ends] of this.#ended) if ((ends.at(-1)?.endedMs ?? 0) < ms) this.#ended.delete(workerId);
  }
}

/**
 * When frames were drawn, by the clock that an attempt is told in: the worker's own may be wrong, and is set by that the
 * drawing lies between the attempt's beginning and its end.
 *
 * @param stages of its frames, by the worker's clock.
 */
export function drawnWithin(
  { claimedMs, endedMs }: { readonly claimedMs: number; readonly endedMs: number },
  stages: readonly { readonly startedAtMs: number; readonly durationMs: number }[],
): Drawn[] {
  const drawn = stages
    .map(({ startedAtMs, durationMs }) => ({ fromMs: startedAtMs, toMs: startedAtMs + durationMs }))
    .sort((a, b) => a.fromMs - b.fromMs);
  const first = drawn[0]?.fromMs ?? claimedMs;
  const last = drawn.reduce((latest, { toMs }) => Math.max(latest, toMs), first);
  const by = first < claimedMs ? claimedMs - first : Math.min(0, endedMs - last);
  const within = (ms: number) => Math.min(Math.max(ms + by, claimedMs), endedMs);
  return drawn.map(({ fromMs, toMs }) => ({ fromMs: within(fromMs), toMs: within(toMs) }));
}
