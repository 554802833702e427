import { roughTime } from '@kiln/shared';

/** Speed is measured over this long. */
const WINDOW_MS = 120_000;
/** Shorter spans say little. */
const SHORTEST_MS = 2_000;

export interface Pace {
  readonly framesPerMin: number;
  /** Milliseconds until the rest is done, at this speed. */
  readonly leftMs: number;
}

interface Mark {
  readonly atMs: number;
  readonly frames: number;
}

/** How fast a job goes, from how many frames are done at different times. */
export class FrameRate {
  readonly #marks: Mark[] = [];

  /** @param frames that are done at that time. */
  add(frames: number, atMs: number): void {
    const last = this.#marks.at(-1);
    // Frames that are drawn anew are no speed.
    if (last !== undefined && frames < last.frames) this.#marks.length = 0;
    this.#marks.push({ atMs, frames });
    while ((this.#marks[1]?.atMs ?? atMs) <= atMs - WINDOW_MS) this.#marks.shift();
  }

  /** Null while nothing is known of it. */
  pace(framesLeft: number): Pace | null {
    const [first] = this.#marks;
    const last = this.#marks.at(-1);
    return first && last ? paceOf(last.frames - first.frames, last.atMs - first.atMs, framesLeft) : null;
  }
}

/** @param overMs in which so many frames were done. */
export function paceOf(frames: number, overMs: number, framesLeft: number): Pace | null {
  if (frames <= 0 || overMs < SHORTEST_MS) return null;
  return { framesPerMin: (frames / overMs) * 60_000, leftMs: (overMs / frames) * framesLeft };
}

/** `12.5 frames/min, about 4 min left` */
export function paceText({ framesPerMin, leftMs }: Pace): string {
  const left = leftMs > 0 ? `, about ${roughTime(leftMs)} left` : '';
  return `${rateText(framesPerMin)} frames/min${left}`;
}

export const rateText = (perMin: number): string => (perMin < 10 ? perMin.toFixed(1) : Math.round(perMin).toString());
