/** Keeps what a live view shows and where its camera goes, by time, in as little as plays the same. */
import { LIMITS } from '../limits.ts';
import type { Vector3 } from '../schemas/settings.ts';
import type { LiveView } from './messages.ts';
import type { PosePath } from './pose-path.ts';
import { type TimedCamera, thinnedCameras } from './session-path.ts';

type Camera = Omit<TimedCamera, 'atMs'>;
type Frame = NonNullable<PosePath['frames']>[number];

/** Changes of what is shown within so long are one, as those of a slider that is drawn: the last of them is kept. */
const MERGED_MS = 100;

export class SessionRecorder {
  readonly #startedMs: number;
  #cameras: TimedCamera[] = [];
  readonly #views: { readonly atMs: number; readonly view: LiveView }[] = [];
  #frames: Frame[] = [];
  #viewText = '';
  #lastMs = 0;

  /** @param nowMs of a clock that never jumps. */
  constructor(nowMs: number) {
    this.#startedMs = nowMs;
  }

  get durationMs(): number {
    return this.#lastMs;
  }

  /** No more is kept. */
  get isFull(): boolean {
    const most = Math.max(this.#cameras.length, this.#frames.length);
    return most >= LIMITS.pathPoses || this.#views.length >= LIMITS.pathViews;
  }

  /** To be called on every display frame. */
  take(nowMs: number, camera: Camera, { frameNumber, camera: _, ...look }: LiveView): void {
    if (this.isFull) return;
    const atMs = rounded(nowMs - this.#startedMs, 1);
    this.#lastMs = atMs;
    this.#cameras = withNext(this.#cameras, { atMs, ...camera }, isSameCamera);
    this.#frames = withNext(this.#frames, { atMs, frameNumber }, (a, b) => a.frameNumber === b.frameNumber);
    const text = JSON.stringify(look);
    if (text === this.#viewText) return;
    this.#viewText = text;
    const last = this.#views.at(-1);
    const isMerged = last !== undefined && atMs - last.atMs < MERGED_MS;
    if (isMerged) this.#views.pop();
    this.#views.push({ atMs: isMerged ? last.atMs : atMs, view: { ...look, frameNumber } });
  }

  /** Null where nothing was shown. */
  path(): PosePath | null {
    const poses = thinnedCameras(this.#cameras).map(({ atMs, position, target, fovDeg }) => {
      const digits = digitsOf(position, target);
      const point = ([x, y, z]: Vector3): Vector3 => [rounded(x, digits), rounded(y, digits), rounded(z, digits)];
      return { atMs, position: point(position), target: point(target), fovDeg: rounded(fovDeg, 3) };
    });
    return poses.length === 0 ? null : { poses, views: [...this.#views], frames: this.#frames };
  }
}

/** What stays as it is needs its first moment and its last. */
function withNext<T extends { readonly atMs: number }>(items: T[], next: T, isSame: (a: T, b: T) => boolean): T[] {
  const [before, last] = items.slice(-2);
  if (before && last && isSame(before, last) && isSame(last, next)) items.pop();
  items.push(next);
  return items;
}

function isSameCamera(a: TimedCamera, b: TimedCamera): boolean {
  const numbers = ({ position, target, fovDeg }: TimedCamera) => [...position, ...target, fovDeg];
  const others = numbers(b);
  return numbers(a).every((value, index) => value === others[index]);
}

/** Digits after the point of 64-bit floats that are near 1. */
const MOST_DIGITS = 15;

/** Digits after the point that are off by less than 1 ÷ 100,000 of the distance: scenes are of any size. */
function digitsOf([px, py, pz]: Vector3, [tx, ty, tz]: Vector3): number {
  const distance = Math.hypot(px - tx, py - ty, pz - tz);
  return Math.min(MOST_DIGITS, Math.max(0, 5 + Math.ceil(-Math.log10(distance))));
}

function rounded(value: number, digits: number): number {
  const unit = 10 ** digits;
  return Math.round(value * unit) / unit;
}
