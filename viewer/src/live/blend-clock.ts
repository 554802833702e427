import { VIEWER_LIMITS } from '../limits.ts';

/** What nobody sees the rest of: it would cost as much as both pictures. */
const ALL_BUT = 0.8;
/** Of the newest display frame in their mean; longer than so nothing was shown at all. */
const WEIGHT = 1 / 8;
const LONGEST_MS = 200;

/** How much of a new picture is shown, from display frame to display frame. */
export class BlendClock {
  /** Of the first display frame that shows the newest picture; null before. */
  #firstShownAtMs: number | null = null;
  #lastShownAtMs = Number.NEGATIVE_INFINITY;
  /** What display frames take, as a mean: where the GPU is late, short ones follow upon long ones. */
  #frameMs = 0;

  /** A picture came. */
  restart(): void {
    this.#firstShownAtMs = null;
  }

  /** Whether no display frame has shown the newest picture yet. */
  get isNew(): boolean {
    return this.#firstShownAtMs === null;
  }

  get lastShownAtMs(): number {
    return this.#lastShownAtMs;
  }

  /** To be called on every display frame. @returns 0 to 1. */
  share(nowMs: number): number {
    this.#firstShownAtMs ??= nowMs;
    // A display that is slower than that has had its time with the picture before.
    const lastMs = Math.max(0, nowMs - this.#lastShownAtMs);
    if (lastMs > 0 && Number.isFinite(lastMs)) this.#frameMs += WEIGHT * (Math.min(LONGEST_MS, lastMs) - this.#frameMs);
    const sinceMs = nowMs - this.#firstShownAtMs + Math.max(lastMs, this.#frameMs);
    this.#lastShownAtMs = nowMs;
    const share = sinceMs / VIEWER_LIMITS.blendMs;
    return share < ALL_BUT ? share : 1;
  }
}
