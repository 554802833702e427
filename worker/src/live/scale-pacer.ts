/**
 * How large to draw while the viewer moves, so that pictures keep coming: the scale follows the time that drawing and
 * encoding take. It goes down at once and up slowly, and only when the larger size promises to fit, so that it does not
 * swing between two sizes.
 */
export const SCALES = [0.25, 0.375, 0.5, 0.75, 1] as const;

/** Above the aim by so much: go down. */
const TOO_SLOW = 1.25;
/** The next size up must promise to stay below the aim by so much. */
const ROOM = 0.8;
/** Pictures in a row that promised room, before the scale goes up. */
const PATIENCE = 5;
/** Weight of the newest measure in the running mean. */
const WEIGHT = 0.4;

export class ScalePacer {
  readonly #aimMs: number;
  /** Index into `SCALES`. */
  #level: number = SCALES.length - 1;
  #meanMs: number | null = null;
  #promising = 0;

  /** @param aimMs time that a picture may take to draw and encode */
  constructor(aimMs: number) {
    this.#aimMs = aimMs;
  }

  /** Share of the view's width and height, ¼ to 1. */
  get scale(): number {
    return SCALES[this.#level] ?? 1;
  }

  /** Tells how long a picture took; `scale` is what it was drawn at, and others say nothing about the present size. */
  record(tookMs: number, scale: number): void {
    if (scale !== this.scale) return;
    this.#meanMs = this.#meanMs === null ? tookMs : this.#meanMs + WEIGHT * (tookMs - this.#meanMs);
    if (this.#meanMs > this.#aimMs * TOO_SLOW) this.#goDown(this.#meanMs);
    else this.#mayGoUp(this.#meanMs);
  }

  /** To the largest scale that promises to fit; the time follows the number of pixels. */
  #goDown(meanMs: number): void {
    let level = this.#level;
    while (level > 0 && this.#promise(meanMs, level) > this.#aimMs) level--;
    this.#set(Math.min(level, Math.max(0, this.#level - 1)));
  }

  #mayGoUp(meanMs: number): void {
    const fits = this.#level < SCALES.length - 1 && this.#promise(meanMs, this.#level + 1) <= this.#aimMs * ROOM;
    this.#promising = fits ? this.#promising + 1 : 0;
    if (this.#promising >= PATIENCE) this.#set(this.#level + 1);
  }

  #promise(meanMs: number, level: number): number {
    return meanMs * ((SCALES[level] ?? 1) / this.scale) ** 2;
  }

  #set(level: number): void {
    if (level === this.#level) return;
    this.#level = level;
    this.#meanMs = null;
    this.#promising = 0;
  }
}
