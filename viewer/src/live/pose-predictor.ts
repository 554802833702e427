/**
 * Where the camera will be when a picture of it is seen. Pictures of there are turned the least way, and have seen what comes
 * into sight: a picture of where the camera was never has. Turning by 30°/s, a picture that takes 200 ms is 6° behind.
 */
import type { Pose, Vector3 as Triple } from '@kiln/shared';
import { Quaternion, Vector3 } from 'three';
import { VIEWER_LIMITS } from '../limits.ts';
import { samePose } from './pose-pacer.ts';

interface Seen {
  readonly pose: Pose;
  readonly atMs: number;
  /** Since the one before: metres, and radians, a display frame of 60 Hz. */
  readonly shift: number;
  readonly angle: number;
}

/** So many times the largest speed before is no movement: the camera was put elsewhere, or only begins to move. */
const JUMP = 4;
const FRAME_MS = 1_000 / 60;
/** What is so far in a longer one is a jump all the same. */
const MOST_FRAMES = 6;
/** Turned by less than a pixel: what rounding leaves, too. */
const UNSEEN_RAD = 1e-3;

export class PosePredictor {
  /** The last poses, the oldest first. */
  #seen: Seen[] = [];

  /**
   * To be called on every display frame.
   *
   * @param leadMs time until a picture of it is seen
   * @param mostShiftM nothing is as near as that: further it does not go
   * @returns the pose itself where it does not move.
   */
  ahead(pose: Pose, nowMs: number, leadMs: number, mostShiftM: number): Pose {
    // The oldest one that is kept is not within the time, so that there is always one.
    while ((this.#seen[1]?.atMs ?? nowMs) <= nowMs - VIEWER_LIMITS.predictFromMs) this.#seen.shift();
    const [from] = this.#seen;
    const now = { pose, atMs: nowMs, ...speedFrom(this.#seen.at(-1), pose, nowMs) };
    if (this.#isJump(now)) {
      this.#seen = [now];
      return pose;
    }
    this.#seen.push(now);
    const isKnown = from !== undefined && nowMs - from.atMs <= VIEWER_LIMITS.predictFromMs * 2;
    const sinceMs = isKnown ? nowMs - from.atMs : 0;
    if (!isKnown || sinceMs < VIEWER_LIMITS.predictFromMs / 2 || samePose(from.pose, pose)) return pose;
    return goneOn(from.pose, pose, Math.min(leadMs, VIEWER_LIMITS.mostLeadMs) / sinceMs, mostShiftM);
  }

  #isJump({ shift, angle }: Seen): boolean {
    const mostShift = JUMP * Math.max(0, ...this.#seen.map((seen) => seen.shift));
    const mostAngle = JUMP * Math.max(0, ...this.#seen.map((seen) => seen.angle));
    return shift > mostShift || angle > Math.max(UNSEEN_RAD, mostAngle);
  }

  /** The camera is elsewhere, or another. */
  forget(): void {
    this.#seen = [];
  }
}

/** A busy page has long display frames between short ones: what is far in such a one is no jump. */
function speedFrom(last: Seen | undefined, to: Pose, nowMs: number): Pick<Seen, 'shift' | 'angle'> {
  if (!last || samePose(last.pose, to)) return { shift: 0, angle: 0 };
  const frames = Math.min(MOST_FRAMES, Math.max(1, (nowMs - last.atMs) / FRAME_MS));
  const { position, quaternion } = last.pose;
  return {
    shift: new Vector3(...position).distanceTo(new Vector3(...to.position)) / frames,
    angle: new Quaternion(...quaternion).angleTo(new Quaternion(...to.quaternion)) / frames,
  };
}

/** As it went from the first pose to the second, in its own frame, so many times more: around a centre it stays on its circle. */
function goneOn(from: Pose, to: Pose, times: number, mostShiftM: number): Pose {
  const back = new Quaternion(...from.quaternion).normalize().conjugate();
  const turn = back
    .clone()
    .multiply(new Quaternion(...to.quaternion).normalize())
    .normalize();
  const shift = new Vector3(...to.position).sub(new Vector3(...from.position)).applyQuaternion(back);
  const angle = turn.angleTo(new Quaternion());
  const far = shift.length();
  const most = Math.min(
    times,
    angle > 0 ? VIEWER_LIMITS.mostLeadRad / angle : times,
    far > 0 ? mostShiftM / far : times,
  );
  const position = new Vector3(...to.position);
  const quaternion = new Quaternion(...to.quaternion).normalize();
  for (let left = most; left > 0; left -= 1) {
    const share = Math.min(1, left);
    position.add(shift.clone().multiplyScalar(share).applyQuaternion(quaternion));
    quaternion.multiply(new Quaternion().slerp(turn, share));
  }
  const { x, y, z, w } = quaternion;
  return { ...to, position: position.toArray() as Triple, quaternion: [x, y, z, w] };
}
