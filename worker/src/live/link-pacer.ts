/**
 * What the way to one viewer takes, learnt from its acknowledgements. How long a picture is under way beyond the shortest time
 * is how much waits on the way. From that follow, as TCP Vegas does it, how many pictures may be under way at once; and, once
 * too much waits, how small they are to be. Nothing is assumed of bandwidth or delay.
 */
import { LIMITS } from '@kiln/shared';
import { RunningMean } from './running-mean.ts';

/**
 * How moving pictures are made smaller, step by step: JPEG quality, and share of the view's width and height at most. `bytes`
 * is what comes of it, as measured: a share of the first.
 */
export const STEPS = [
  { quality: 75, scale: 1, bytes: 1 },
  { quality: 60, scale: 1, bytes: 0.83 },
  { quality: 55, scale: 0.75, bytes: 0.53 },
  { quality: 50, scale: 0.5, bytes: 0.3 },
  { quality: 45, scale: 0.375, bytes: 0.2 },
  { quality: 40, scale: 0.25, bytes: 0.13 },
] as const;

/** Pictures that wait on the way: with fewer there is room for one more, with more for one less. */
const LEAST_WAITING = 1;
const MOST_WAITING = 2;
const LEAST_WINDOW = 2;

/** A viewer that is busy is late with one acknowledgement or two; what waits on the way makes each of so many late. */
const TOLD_BY = 3;
/** Where they are so late, one fewer is enough. */
const VERY_LATE_MS = 150;
/** Waiting beyond the shortest time, as a share of it and in milliseconds at least, at which pictures become smaller. */
const TOO_LONG = { share: 0.5, ms: 50 };
/**
 * The same, beyond what the viewer takes to show one, at which no more is sent before it is known why: most that comes in time
 * does so within it. Where that varies much, so many times as much (as RFC 6298, section 2, has it).
 */
const OVERDUE = { share: 0.25, ms: 25, varies: 2 };
/** Of the newest in what is usual. */
const WEIGHT = 1 / 8;
/** The same below which they may be larger again, for so many acknowledgements in a row: more where that was too much. */
const SHORT = { share: 0.15, ms: 15 };
const PATIENCE = { least: 4, most: 128 };
/**
 * Two pictures that were under way together and come within a moment show how much the way carries: it was not narrow but held
 * up, by a lost packet, or by somebody who was busy. So many times as little patience is enough then, among so many pictures.
 */
const CARRIED = { times: 2, among: 4 };
/** Of what the way carried, what is asked of it. */
const ROOM = 0.8;
/** So much more than is sent, and for how long that says that the way is wide: a change is answered within half a second. */
const HELD_UP = { share: 2.5, ms: 500 };
/** Pictures that are sent farther apart are not of one movement. */
const ONE_MOVEMENT_MS = 300;
/** Acknowledgements after a step to a larger size by which it has shown that there is room for it. */
const PROVEN = 12;

/**
 * Acknowledgements after pictures became smallest by which what waited on the way is through. Where all of these took nearly
 * as long as before, so many steps up, nothing waits: the way is longer by now.
 */
const DRAINED = { from: 3, to: 5, share: 0.7, steps: 2 };

/** The shortest time is that of the last two spans of so long: the way may be another. */
const SPAN_MS = 5_000;

const tooLongMs = (shortest: number): number => Math.max(TOO_LONG.ms, shortest * TOO_LONG.share);

interface UnderWay {
  /** Pictures at rest may take their time: they say nothing of how large moving ones may be. */
  readonly isMoving: boolean;
  readonly sentAtMs: number;
  /** Pictures under way with it. */
  readonly count: number;
}

interface Late {
  /** What pictures were made smaller from, and what the first late one took, milliseconds. */
  readonly fromStep: number;
  readonly tookMs: number;
  /** Of the smallest: how many, and the shortest time of those by which the way is through. */
  acknowledged: number;
  leastMs: number;
}

export class LinkPacer {
  readonly #underWay = new Map<number, UnderWay>();
  #window: number = LEAST_WINDOW;
  #step = 0;
  #spanBeganMs = Number.NEGATIVE_INFINITY;
  #shortest = Number.POSITIVE_INFINITY;
  #shortestBefore = Number.POSITIVE_INFINITY;
  /** Of the last acknowledgements since the size changed. */
  #waits: readonly number[] = [];
  /** When those came, milliseconds. */
  #cameAtMs: readonly number[] = [];
  /** What the way takes, how much that varies, what the viewer takes, and how far apart pictures are sent: milliseconds. */
  readonly #took = new RunningMean(WEIGHT);
  readonly #varies = new RunningMean(WEIGHT);
  readonly #shown = new RunningMean(WEIGHT);
  readonly #apart = new RunningMean(WEIGHT);
  #lastSentAtMs = Number.NEGATIVE_INFINITY;
  #short = 0;
  #patience: number = PATIENCE.least;
  /** Of the last pictures, how large those may be that the way was seen to carry: as `bytes` of a step. */
  #carried: readonly number[] = [];
  /** When it was last seen to carry far more than is sent: who is late is busy then, and smaller pictures would not help. */
  #carriedMoreAtMs = Number.NEGATIVE_INFINITY;
  /** When the last picture was acknowledged, milliseconds. */
  #lastCameAtMs = Number.POSITIVE_INFINITY;
  /** Acknowledgements since pictures became larger. */
  #proven: number = PROVEN;
  /** Since they began to become smaller; null while they come in time. */
  #late: Late | null = null;
  /** What was sent before the last change says nothing of it. */
  #changedAfter = 0;
  #last = 0;

  /** Pictures that may be under way at once: the fewest, while one is later than any that came in time. */
  windowAt(nowMs: number): number {
    const [oldest] = this.#underWay.values();
    const shortest = Math.min(this.#shortest, this.#shortestBefore);
    const slackMs = Math.max(OVERDUE.ms, shortest * OVERDUE.share, OVERDUE.varies * this.#varies.value);
    const isOverdue = oldest !== undefined && nowMs - oldest.sentAtMs > shortest + this.#shown.value + slackMs;
    return isOverdue ? LEAST_WINDOW : this.#window;
  }

  /** Of moving pictures. */
  get quality(): number {
    return this.#now.quality;
  }

  /** Largest share of the view's width and height, of moving pictures. */
  get scale(): number {
    return this.#now.scale;
  }

  /** Whether the way has room for all that is drawn. */
  get isWide(): boolean {
    return this.#step === 0;
  }

  get #now(): (typeof STEPS)[number] {
    return STEPS[this.#step] ?? STEPS[0];
  }

  /** The viewer is another, or came back another way. */
  reset(): void {
    this.#underWay.clear();
    this.#window = LEAST_WINDOW;
    this.#step = this.#short = this.#changedAfter = this.#last = 0;
    this.#patience = PATIENCE.least;
    this.#proven = PROVEN;
    this.#late = null;
    this.#waits = this.#cameAtMs = this.#carried = [];
    this.#lastCameAtMs = Number.POSITIVE_INFINITY;
    this.#carriedMoreAtMs = Number.NEGATIVE_INFINITY;
    for (const mean of [this.#took, this.#varies, this.#shown, this.#apart]) mean.forget();
    this.#spanBeganMs = Number.NEGATIVE_INFINITY;
    this.#shortest = this.#shortestBefore = Number.POSITIVE_INFINITY;
  }

  sent(sequence: number, isMoving: boolean, nowMs: number): void {
    this.#last = sequence;
    if (nowMs - this.#lastSentAtMs < ONE_MOVEMENT_MS) this.#apart.add(nowMs - this.#lastSentAtMs);
    this.#lastSentAtMs = nowMs;
    this.#underWay.set(sequence, { isMoving, sentAtMs: nowMs, count: this.#underWay.size + 1 });
  }

  /** @param shownMs what the viewer took to decode and upload it; 0 of one that it skipped, which tells nothing. */
  acknowledged(sequence: number, shownMs: number, nowMs: number): void {
    const picture = this.#underWay.get(sequence);
    for (const known of this.#underWay.keys()) if (known <= sequence) this.#underWay.delete(known);
    if (!picture || shownMs === 0) return;
    const tookMs = Math.max(0, nowMs - picture.sentAtMs - shownMs);
    this.#learn(tookMs, nowMs);
    if (picture.isMoving) {
      this.#shown.add(shownMs);
      this.#took.add(tookMs);
      this.#varies.add(Math.abs(tookMs - this.#took.value));
    }
    const shortest = Math.min(this.#shortest, this.#shortestBefore);
    const waitedMs = tookMs - shortest;
    if (picture.isMoving && sequence > this.#changedAfter && !this.#isLonger(tookMs)) {
      const carries = this.#carriedWith(picture, nowMs);
      this.#fitSize(waitedMs, shortest, nowMs);
      this.#fitCarried(carries);
    }
    this.#lastCameAtMs = nowMs;
    this.#fitWindow(picture.count, waitedMs, tookMs);
  }

  #fitSize(ownMs: number, shortest: number, nowMs: number): void {
    this.#waits = [...this.#waits, ownMs].slice(-TOLD_BY);
    this.#cameAtMs = [...this.#cameAtMs, nowMs].slice(-TOLD_BY);
    if (this.#waits.length < TOLD_BY - 1) return;
    const latest = Math.min(...this.#waits.slice(1 - TOLD_BY));
    if (latest < VERY_LATE_MS && this.#waits.length < TOLD_BY) return;
    const waitedMs = latest < VERY_LATE_MS ? Math.min(...this.#waits) : latest;
    if (waitedMs > tooLongMs(shortest) && nowMs - this.#carriedMoreAtMs > HELD_UP.ms) {
      this.#makeSmaller(waitedMs, shortest);
      return;
    }
    this.#late = null;
    if (waitedMs < Math.max(SHORT.ms, shortest * SHORT.share)) this.#mayBeLarger();
    else this.#short = 0;
    if (++this.#proven === PROVEN) this.#patience = PATIENCE.least;
  }

  /** @returns how large pictures may be that the way carries, by this one and the one before: as `bytes` of a step; 0: unknown. */
  #carriedWith({ sentAtMs }: UnderWay, nowMs: number): number {
    if (sentAtMs >= this.#lastCameAtMs) return 0;
    const apartMs = Math.max(1, nowMs - this.#lastCameAtMs);
    const carries = this.#now.bytes * (this.#apart.value / apartMs) * ROOM;
    if (carries >= this.#now.bytes * HELD_UP.share) this.#carriedMoreAtMs = nowMs;
    return carries;
  }

  /** Larger, where the way has been seen to carry that more than once. */
  #fitCarried(carries: number): void {
    const enough = Math.ceil(this.#patience / CARRIED.times);
    this.#carried = [...this.#carried, carries].slice(-enough * CARRIED.among);
    const [least = 0] = [...this.#carried].sort((a, b) => b - a).slice(enough - 1);
    const larger = STEPS[this.#step - 1];
    // Step by step: what was held up and then came at once was not carried in that moment alone.
    if (larger && larger.bytes <= least) this.#makeLarger();
  }

  /** Whether it was not for what waits that pictures came late: then they are as large again as they were. */
  #isLonger(tookMs: number): boolean {
    const late = this.#late;
    if (!late || this.#step < STEPS.length - 1 || this.#step - late.fromStep < DRAINED.steps) return false;
    late.acknowledged += 1;
    if (late.acknowledged < DRAINED.from) return false;
    late.leastMs = Math.min(late.leastMs, tookMs);
    if (late.acknowledged < DRAINED.to) return false;
    this.#late = null;
    if (late.leastMs < late.tookMs * DRAINED.share) return false;
    this.#shortest = late.leastMs;
    this.#shortestBefore = Number.POSITIVE_INFINITY;
    this.#sizeChanged();
    this.#step = late.fromStep;
    return true;
  }

  #sizeChanged(): void {
    this.#changedAfter = this.#last;
    this.#waits = this.#cameAtMs = this.#carried = [];
  }

  #learn(tookMs: number, nowMs: number): void {
    if (nowMs - this.#spanBeganMs > SPAN_MS) {
      this.#shortestBefore = this.#shortest;
      this.#shortest = Number.POSITIVE_INFINITY;
      this.#spanBeganMs = nowMs;
    }
    this.#shortest = Math.min(this.#shortest, tookMs);
  }

  /** To what comes as often as it should, by how far apart those came that waited: it is to be over within half a second. */
  #makeSmaller(waitedMs: number, shortest: number): void {
    this.#short = 0;
    this.#window = LEAST_WINDOW;
    const tookMs = waitedMs + shortest;
    this.#late ??= { fromStep: this.#step, tookMs, acknowledged: 0, leastMs: Number.POSITIVE_INFINITY };
    if (this.#step === STEPS.length - 1) return;
    if (this.#proven < PROVEN) this.#patience = Math.min(PATIENCE.most, 2 * this.#patience);
    this.#proven = PROVEN;
    const [first = 0, last = first] = [this.#cameAtMs[0], this.#cameAtMs.at(-1)];
    const apartMs = (last - first) / Math.max(1, this.#cameAtMs.length - 1);
    const fits = this.#now.bytes * Math.min(1, tooLongMs(shortest) / Math.max(1, apartMs));
    this.#sizeChanged();
    do this.#step += 1;
    while (this.#step < STEPS.length - 1 && this.#now.bytes > fits);
  }

  #mayBeLarger(): void {
    this.#short += 1;
    if (this.#short >= this.#patience && this.#step > 0) this.#makeLarger();
  }

  #makeLarger(): void {
    this.#short = this.#proven = 0;
    this.#sizeChanged();
    this.#step -= 1;
  }

  /** @param count pictures that were under way: of those, so many wait as the time beyond the shortest is of all of it. */
  #fitWindow(count: number, waitedMs: number, tookMs: number): void {
    const waiting = tookMs === 0 ? 0 : (count * waitedMs) / tookMs;
    if (waiting > MOST_WAITING) this.#window = Math.max(LEAST_WINDOW, this.#window - 1);
    // One that was not filled says nothing of what a larger one would do.
    else if (waiting < LEAST_WAITING && count >= this.#window)
      this.#window = Math.min(LIMITS.liveWindow, this.#window + 1);
  }
}
