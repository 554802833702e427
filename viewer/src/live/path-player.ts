/** Plays a recorded session: where the camera is by now, and what is shown. */
import { cameraAt, camerasOf, type LiveView, type PosePath, type TimedCamera } from '@kiln/shared';

export interface PlayedMoment {
  readonly camera: TimedCamera;
  /** What is shown from now on; null: as before. */
  readonly view: LiveView | null;
  /** Null where the path says nothing of it. */
  readonly frameNumber: number | null;
  readonly isOver: boolean;
}

export class PathPlayer {
  readonly durationMs: number;
  /** Null before the first display frame: that shows the beginning, however busy the page was until then. */
  #startedMs: number | null = null;
  readonly #cameras: readonly TimedCamera[];
  readonly #path: PosePath;
  #view: LiveView | null = null;

  constructor(path: PosePath) {
    this.#path = path;
    this.#cameras = camerasOf(path);
    this.durationMs = this.#cameras.at(-1)?.atMs ?? 0;
  }

  /** To be called on every display frame. @param nowMs of a clock that never jumps, as everywhere here. */
  at(nowMs: number): PlayedMoment | null {
    this.#startedMs ??= nowMs;
    const atMs = nowMs - this.#startedMs;
    const camera = cameraAt(this.#cameras, atMs);
    if (!camera) return null;
    const view = this.#path.views?.findLast((one) => one.atMs <= atMs)?.view ?? null;
    const isNew = view !== this.#view;
    this.#view = view;
    return { camera, view: isNew ? view : null, frameNumber: this.#frameAt(atMs), isOver: atMs >= this.durationMs };
  }

  #frameAt(atMs: number): number | null {
    const { frames = [] } = this.#path;
    const next = frames.findIndex((frame) => frame.atMs > atMs);
    const before = next < 0 ? frames.at(-1) : frames[next - 1];
    return before?.frameNumber ?? frames[0]?.frameNumber ?? null;
  }
}
