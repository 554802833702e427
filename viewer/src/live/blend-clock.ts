import { VIEWER_LIMITS } from '../limits.ts';

/** What nobody sees the rest of: it would cost as much as both pictures. */
const ALL_BUT = 0.8;

/** How much of a new picture is shown, from display frame to display frame. */
export class BlendClock {
  /** Of the first display frame that shows the newest picture; null before. */
  #firstShownAtMs: number | null = null;
  #lastShownAtMs = Number.NEGATIVE_INFINITY;

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
    const sinceMs = nowMs - this.#firstShownAtMs + Math.max(0, nowMs - this.#lastShownAtMs);
    this.#lastShownAtMs = nowMs;
    const share = sinceMs / VIEWER_LIMITS.blendMs;
    return share < ALL_BUT ? share : 1;
  }
}
