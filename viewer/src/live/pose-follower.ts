/** Goes after a camera that somebody else moves: what the network brings in jerks is seen as one movement. */
import type { Pose } from '@kiln/shared';
import { Quaternion, Vector3 } from 'three';
import { VIEWER_LIMITS } from '../limits.ts';

export class PoseFollower {
  readonly #position = new Vector3();
  readonly #turn = new Quaternion();
  #fovDeg = 0;
  #goal: Pose | null = null;
  #isThere = false;

  /** Null: there is nobody to follow. The first goal is reached at once. */
  set goal(goal: Pose | null) {
    if (goal === this.#goal) return;
    if (!this.#goal || !goal) this.#jump(goal);
    this.#goal = goal;
    this.#isThere = false;
  }

  /** @param jumps instead of gliding. */
  advance(deltaSec: number, jumps: boolean): Pose | null {
    const goal = this.#goal;
    if (!goal || this.#isThere) return goal;
    const share = jumps ? 1 : 1 - Math.exp((-deltaSec * 1_000) / VIEWER_LIMITS.followMs);
    const [position, turn] = [new Vector3(...goal.position), new Quaternion(...goal.quaternion)];
    const leftM = position.distanceTo(this.#position);
    if (share === 1 || (leftM < NEAR * (1 + position.length()) && turn.angleTo(this.#turn) < NEAR)) {
      this.#jump(goal);
      this.#isThere = true;
      return goal;
    }
    this.#position.lerp(position, share);
    this.#turn.slerp(turn, share);
    this.#fovDeg += (goal.fovDeg - this.#fovDeg) * share;
    const [x, y, z, w] = this.#turn.toArray();
    return { position: this.#position.toArray(), quaternion: [x, y, z, w], fovDeg: this.#fovDeg };
  }

  #jump(goal: Pose | null): void {
    if (!goal) return;
    this.#position.set(...goal.position);
    this.#turn.set(...goal.quaternion);
    this.#fovDeg = goal.fovDeg;
  }
}

/** Radians, and metres as a share of how far off the origin the camera is: nobody sees the rest of the way. */
const NEAR = 1e-4;
