/** From where a picture was seen to where it is looked at now. */
import type { Pose } from '@kiln/shared';
import { Matrix3, Matrix4, Quaternion, Vector2, Vector3 } from 'three';

/**
 * A point of a picture is its direction d in the picture's camera, where z is −1, and its reciprocal distance q along the
 * line of sight: turn · d + shift · q is where the other camera sees it, as far as perspective goes. With q = 0 it is
 * infinitely far, and only turns.
 */
export interface Reprojection {
  readonly turn: Matrix3;
  readonly shift: Vector3;
}

export function reprojection(from: Pose, to: Pose): Reprojection {
  const back = new Quaternion(...to.quaternion).normalize().conjugate();
  const turn = back.clone().multiply(new Quaternion(...from.quaternion).normalize());
  return {
    turn: new Matrix3().setFromMatrix4(new Matrix4().makeRotationFromQuaternion(turn)),
    shift: new Vector3(...from.position).sub(new Vector3(...to.position)).applyQuaternion(back),
  };
}

/** Half of what is seen, sideways and upwards, at distance 1. */
export function tangentsOf({ fovDeg }: Pose, aspect: number): Vector2 {
  const upwards = Math.tan((fovDeg * Math.PI) / 360);
  return new Vector2(upwards * aspect, upwards);
}

/**
 * How far things are apart at most in two views of them, in pixels.
 *
 * @param nearestM distance of the nearest.
 */
export function apartPx(a: Pose, b: Pose, nearestM: number, heightPx: number): number {
  const { x, y, z } = new Quaternion(...a.quaternion)
    .normalize()
    .conjugate()
    .multiply(new Quaternion(...b.quaternion).normalize());
  const angle = 2 * Math.asin(Math.min(1, Math.hypot(x, y, z)));
  const shift = new Vector3(...a.position).distanceTo(new Vector3(...b.position)) / nearestM;
  const [tanA, tanB] = [tangentsOf(a, 1).y, tangentsOf(b, 1).y];
  return (heightPx / 2) * ((angle + shift) / Math.min(tanA, tanB) + Math.abs(Math.log(tanA / tanB)));
}
