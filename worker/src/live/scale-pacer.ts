/**
 * How large to draw while the viewer moves, so that pictures keep coming: the scale follows the time that drawing and
 * encoding take. It goes down at once, and up when the larger size promises to fit. What a size costs beyond another is not
 * known before: at most what it has more of pixels, and less where much of the work is the same for any size. What was
 * learnt by trying is kept for a while, so that the scale does not swing between two sizes. A size that was fast enough until a
 * moment when the machine was busy is as soon back as that is over.
 */
import { RunningMean } from './running-mean.ts';

export const SCALES = [0.25, 0.375, 0.5, 0.75, 1] as const;

/** Above the aim by so much: go down, if the next picture is too; by so much more: at once. */
const TOO_SLOW = 1.25;
const FAR_TOO_SLOW = 3;
/** The next size up must promise to stay below the aim by so much. */
const ROOM = 0.8;
/** Pictures in a row that promised room, before the scale goes up. */
const PATIENCE = 3;
/** Weight of the newest measure in the running mean. */
const WEIGHT = 0.4;
/** Of the cost of a size that was not tried, the share that grows with its pixels. */
const GROWING = 0.5;
/** Pictures for which a size that was too slow is not tried again: the first time, and after many times. */
const KEPT_FOR = { first: 150, most: 2_400 };

/** What a size usually took is told by so many pictures of it, the last ones, and not by fewer. */
const USUAL = { least: 5, last: 9 };

/** What going up from a size came to. */
interface Tried {
  /** Cost of the size above ÷ that of this. */
  readonly ratio: number;
  readonly until: number;
  readonly keptFor: number;
}

export class ScalePacer {
  /** Time that a picture may take to draw and encode, milliseconds. */
  aimMs: number;
  /** Index into `SCALES`. */
  #level: number = SCALES.length - 1;
  readonly #mean = new RunningMean(WEIGHT);
  #wasSlow = false;
  #promising = 0;
  #pictures = 0;
  /** The mean of the size below, when it was left for this. */
  #belowMs: number | null = null;
  /** What the last pictures of the present size took, and what was usual of larger ones that were left. */
  #took: readonly number[] = [];
  readonly #usual = new Map<number, { readonly ms: number; readonly until: number }>();
  /** By the level that was left. */
  readonly #tried = new Map<number, Tried>();

  constructor(aimMs: number) {
    this.aimMs = aimMs;
  }

  /** Share of the view's width and height, ¼ to 1. */
  get scale(): number {
    return SCALES[this.#level] ?? 1;
  }

  /** Tells how long a picture took; `scale` is what it was drawn at, and others say nothing about the present size. */
  record(tookMs: number, scale: number): void {
    if (scale !== this.scale) return;
    this.#pictures += 1;
    this.#took = [...this.#took, tookMs].slice(-USUAL.last);
    this.#mean.add(tookMs);
    const meanMs = this.#mean.value;
    if (meanMs <= this.aimMs * TOO_SLOW) {
      this.#wasSlow = false;
      this.#mayGoUp(meanMs);
      return;
    }
    // One alone may have waited for a shader, or for another program.
    const isSure = this.#wasSlow || tookMs > this.aimMs * FAR_TOO_SLOW;
    this.#wasSlow = true;
    this.#promising = 0;
    if (isSure) this.#goDown(Math.min(meanMs, tookMs));
  }

  /** To the largest scale that is sure to fit, where the time follows the number of pixels. */
  #goDown(meanMs: number): void {
    this.#learn(meanMs);
    if (this.#took.length >= USUAL.least)
      this.#usual.set(this.#level, { ms: median(this.#took), until: this.#pictures + KEPT_FOR.first });
    let level = this.#level;
    while (level > 0 && meanMs / pixelsBetween(level, this.#level) > this.aimMs) level--;
    this.#set(Math.min(level, Math.max(0, this.#level - 1)));
  }

  #learn(meanMs: number): void {
    if (this.#belowMs === null) return;
    const below = this.#level - 1;
    const keptFor = Math.min(KEPT_FOR.most, 2 * (this.#tried.get(below)?.keptFor ?? KEPT_FOR.first / 2));
    this.#tried.set(below, { ratio: meanMs / this.#belowMs, keptFor, until: this.#pictures + keptFor });
  }

  #mayGoUp(meanMs: number): void {
    const fits = this.#level < SCALES.length - 1 && this.#nextMs(meanMs) <= this.aimMs * ROOM;
    this.#promising = fits ? this.#promising + 1 : 0;
    if (this.#promising < PATIENCE) return;
    this.#set(this.#level + 1);
    this.#belowMs = meanMs;
  }

  /** What the next size up promises to take. */
  #nextMs(meanMs: number): number {
    const tried = this.#tried.get(this.#level);
    if (tried && this.#pictures < tried.until) return meanMs * tried.ratio;
    // No size takes longer than a larger one.
    const larger = [...this.#usual].filter(([level, { until }]) => level > this.#level && this.#pictures < until);
    const usualMs = Math.min(...larger.map(([, { ms }]) => ms));
    return meanMs <= usualMs ? Math.min(usualMs, meanMs * this.#guess) : meanMs * this.#guess;
  }

  get #guess(): number {
    return 1 - GROWING + GROWING * pixelsBetween(this.#level, this.#level + 1);
  }

  #set(level: number): void {
    if (level === this.#level) return;
    this.#level = level;
    this.#mean.forget();
    this.#took = [];
    this.#belowMs = null;
    this.#wasSlow = false;
    this.#promising = 0;
  }
}

/** Pixels of the size `to` ÷ those of `from`. */
const pixelsBetween = (from: number, to: number): number => ((SCALES[to] ?? 1) / (SCALES[from] ?? 1)) ** 2;

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
