/** What a viewer wants to see now. The latest wins; older inputs are forgotten, never queued. */
import { isDeepStrictEqual } from 'node:util';
import type { LiveView, Pose, SessionStart, ViewerMessage } from '@kiln/shared';
import { WORKER_LIMITS } from '../limits.ts';

export interface Wanted {
  readonly view: LiveView;
  readonly pose: Pose;
  /** Number of the newest input in this. */
  readonly input: number;
  /** Counts up with every change. */
  readonly version: number;
  /** Monotonic milliseconds at which it came. */
  readonly since: number;
}

/** Where a named camera draws, it is not looked at ([LV26]). */
const NO_POSE: Pose = { position: [0, 0, 1], quaternion: [0, 0, 0, 1], fovDeg: 45 };

export class LiveInput {
  #view: LiveView;
  #pose: Pose | null;
  #input: number;
  #version = 1;
  #since: number;
  #isMoving: boolean;
  /** When the view changed last; a view that changes all the time is an animation or a slider that is dragged. */
  #viewedAt = Number.NEGATIVE_INFINITY;

  constructor(start: SessionStart, nowMs: number) {
    this.#view = start.view;
    this.#pose = start.pose;
    this.#input = start.input;
    this.#isMoving = start.moving;
    this.#since = nowMs;
  }

  /** What is wanted is what was wanted before. */
  goesOn(version: number): void {
    this.#version = version;
  }

  /** [LV17] Null until the viewer has sent a pose, or shows a camera of the scene. */
  get wanted(): Wanted | null {
    const pose = this.#pose ?? (this.#view.camera === undefined ? null : NO_POSE);
    if (!pose) return null;
    const { version } = this;
    return { view: this.#view, pose, input: this.#input, version, since: this.#since };
  }

  get version(): number {
    return this.#version;
  }

  /** Milliseconds until the viewer counts as still: 0 when it does. */
  restsInMs(nowMs: number): number {
    return this.#isMoving ? Math.max(0, this.#since + WORKER_LIMITS.restMs - nowMs) : 0;
  }

  /** Whether it is not the camera alone that moves: an animation plays, or a slider is dragged. */
  changesView(nowMs: number): boolean {
    return nowMs - this.#viewedAt < WORKER_LIMITS.restMs;
  }

  /**
   * A viewer tells where its camera is once more: one that came back, or a hand that presses, or lets go after a while.
   *
   * @returns whether it stays just there: that is the newest input then, and nothing has changed.
   */
  repeats(message: ViewerMessage): boolean {
    if (message.type !== 'pose' || message.input <= this.#input || !isDeepStrictEqual(message.pose, this.#pose))
      return false;
    this.#input = message.input;
    this.#isMoving = false;
    return true;
  }

  /** @returns false when the message is not above the last input and changes nothing. */
  take(message: Extract<ViewerMessage, { type: 'pose' | 'view' }>, nowMs: number): boolean {
    if (message.input <= this.#input) return false;
    this.#input = message.input;
    this.#version++;
    this.#since = nowMs;
    if (message.type === 'pose') {
      this.#pose = message.pose;
      this.#isMoving = message.moving;
    } else {
      this.#view = message.view;
      this.#isMoving ||= this.changesView(nowMs);
      this.#viewedAt = nowMs;
    }
    return true;
  }
}
