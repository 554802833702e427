/**
 * Decides on every display frame whether the pose is sent: once when it changed, and once more when it has come to rest,
 * so that the worker sharpens the picture.
 */
import type { Pose } from '@kiln/shared';
import { VIEWER_LIMITS } from '../limits.ts';

export interface PosedMessage {
  readonly pose: Pose;
  readonly moving: boolean;
}

export class PosePacer {
  #sent: Pose | null = null;
  #sentMoving = false;
  #changedAtMs = Number.NEGATIVE_INFINITY;
  /** The finger that is down has moved the picture: one that only presses changes nothing of a picture that gets better. */
  #isDragged = false;

  /**
   * To be called once per display frame; so there is at most one message per display frame.
   *
   * @param held a finger is on the glass: what it has moved is not at rest before it is lifted.
   * @param plays a clip keeps moving the picture even if this frame's pose is the last one's.
   * @returns what to send, or null.
   */
  frame(nowMs: number, pose: Pose, held: boolean, plays = false): PosedMessage | null {
    const changed = this.#sent === null || !samePose(this.#sent, pose);
    const first = this.#sent === null;
    if (changed && !first) this.#changedAtMs = nowMs;
    this.#isDragged = held && (this.#isDragged || (changed && !first));
    const moving = plays || this.#isDragged || nowMs - this.#changedAtMs < VIEWER_LIMITS.restMs;
    if (!changed && moving === this.#sentMoving) return null;
    this.#sent = pose;
    this.#sentMoving = moving;
    return { pose, moving };
  }

  /** Forgets what was sent, so that the next display frame sends the pose again: to a server that is new. */
  resend(): void {
    this.#sent = null;
    this.#sentMoving = false;
  }
}

/** Exact: a damped camera ends on its target, and the smallest change that a double can hold costs one message. */
export function samePose(a: Pose, b: Pose): boolean {
  return (
    a.fovDeg === b.fovDeg &&
    a.position.every((value, i) => value === b.position[i]) &&
    a.quaternion.every((value, i) => value === b.quaternion[i])
  );
}
