import type { Pose, Vector3 as Triple } from '@kiln/shared';
import { MathUtils, Quaternion, Vector3 } from 'three';

/** Further round than this much of what is seen is of no picture; 200 ms at 30°/s are 6°. */
const FARTHEST_RAD = MathUtils.degToRad(30);
/** Lines of sight that cross at less (the square of a sine) look the same way, or past one another. */
const LEAST_CROSSING = 1e-4;

interface Sight {
  readonly position: Vector3;
  readonly turn: Quaternion;
  readonly ahead: Vector3;
}

/** The pose, or where the way there has gone as far from the picture's as it can be shown. */
export function nearerPose(from: Pose, to: Pose): Pose {
  const [first, last] = [sightOf(from), sightOf(to)];
  const angle = first.turn.angleTo(last.turn);
  if (angle <= FARTHEST_RAD) return to;
  const share = FARTHEST_RAD / angle;
  const turn = first.turn.clone().slerp(last.turn, share);
  const [near, far] = distancesToMiddle(first, last);
  // Around what both look at: a straight line would lead through it.
  const middle = pointAt(first, near).lerp(pointAt(last, far), share);
  const position = middle.addScaledVector(aheadOf(turn), -MathUtils.lerp(near, far, share));
  return { ...to, position: position.toArray() as Triple, quaternion: [turn.x, turn.y, turn.z, turn.w] };
}

function sightOf({ position, quaternion }: Pose): Sight {
  const turn = new Quaternion(...quaternion).normalize();
  return { position: new Vector3(...position), turn, ahead: aheadOf(turn) };
}

const aheadOf = (turn: Quaternion): Vector3 => new Vector3(0, 0, -1).applyQuaternion(turn);

const pointAt = ({ position, ahead }: Sight, distance: number): Vector3 =>
  position.clone().addScaledVector(ahead, distance);

/** How far ahead both lines of sight are nearest to one another; 0 where that is behind a camera, or nowhere. */
function distancesToMiddle(first: Sight, last: Sight): readonly [number, number] {
  const apart = last.position.clone().sub(first.position);
  const cosine = first.ahead.dot(last.ahead);
  const crossing = 1 - cosine * cosine;
  if (crossing < LEAST_CROSSING) return [0, 0];
  const [along, against] = [apart.dot(first.ahead), apart.dot(last.ahead)];
  const near = (along - cosine * against) / crossing;
  const far = (cosine * along - against) / crossing;
  return near > 0 && far > 0 ? [near, far] : [0, 0];
}
