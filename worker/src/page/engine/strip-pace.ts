import type { Region, Size } from '@kiln/shared';
import { PAGE_LIMITS } from '../limits.ts';

/** Smaller pictures say little of larger ones. */
const TELLING_PX = 65_536;

const SAMPLES_TO_KNOW = 3;

/** What is known of the cost of a scene's samples. */
export interface KnownPace {
  /** Pixels of a strip that is drawn in good time. */
  stripPx: number;
  /** Strips of fewer pixels are hardly quicker: what they take is not of their pixels. */
  leastPx: number;
  /** Of the last picture. */
  regionPx: number;
  /** Samples that were timed. */
  timed: number;
  /** Of the last of them. */
  last: { readonly stripPx: number; readonly longestMs: number } | null;
}

export const unknownPace = (): KnownPace => ({
  stripPx: PAGE_LIMITS.firstStripPx,
  leastPx: 0,
  regionPx: 0,
  timed: 0,
  last: null,
});

/**
 * Into how many strips of rows a sample is cut, so that others need not wait for all of it: learnt from one sample for the
 * next, and from one picture of a scene for the next.
 */
export class StripPace {
  readonly #known: KnownPace;
  readonly #regionPx: number;
  readonly #isTelling: boolean;

  constructor(known: KnownPace, { widthPx, heightPx }: Size) {
    this.#known = known;
    this.#regionPx = widthPx * heightPx;
    this.#isTelling = this.#regionPx >= TELLING_PX;
  }

  /** Whether even a picture of one sample is to be timed. */
  get isUnknown(): boolean {
    return this.#isTelling && this.#known.timed < SAMPLES_TO_KNOW;
  }

  get strips(): number {
    const px = Math.max(this.#known.stripPx, this.#known.leastPx);
    return Math.min(PAGE_LIMITS.sampleStrips, Math.max(1, Math.ceil(this.#regionPx / px)));
  }

  /** @param longestMs of the strips of a sample. */
  took(strips: number, longestMs: number): void {
    if (!this.#isTelling) return;
    const known = this.#known;
    const { last } = known;
    known.timed += 1;
    // The first one compiles shaders.
    if (known.timed === 1 && longestMs > PAGE_LIMITS.stripMs) return;
    const stripPx = this.#regionPx / strips;
    // Of another picture nothing is known of what is not of pixels.
    if (known.regionPx !== this.#regionPx) known.leastPx = 0;
    known.regionPx = this.#regionPx;
    known.last = { stripPx, longestMs };
    if (longestMs < PAGE_LIMITS.stripMs / 4) known.stripPx = Math.max(known.stripPx, stripPx * 2);
    if (longestMs <= PAGE_LIMITS.stripMs) return;
    // Twice as many strips may take half as much again in all.
    const isInVain =
      last !== null && stripPx < last.stripPx && longestMs / stripPx > 1.5 * (last.longestMs / last.stripPx);
    if (isInVain) known.leastPx = last.stripPx;
    else known.stripPx = stripPx * Math.min(0.5, Math.max(0.125, PAGE_LIMITS.stripMs / longestMs));
  }
}

/** A region from its top, in strips of as equal height as whole rows allow. */
export function stripsOf(region: Region, strips: number): Region[] {
  const { x, y, widthPx, heightPx } = region;
  const count = Math.min(strips, heightPx);
  const edge = (at: number) => Math.round((heightPx * at) / count);
  return Array.from({ length: count }, (_, at) => ({
    x,
    y: y + edge(at),
    widthPx,
    heightPx: edge(at + 1) - edge(at),
  }));
}
