import type { Pose, Vector3 as Triple } from '@kiln/shared';
import { MathUtils, Quaternion, Vector3 } from 'three';

/** So far round a picture shows what is seen from there; 200 ms at 30°/s are 6°. */
const SHOWN_RAD = MathUtils.degToRad(12);
/** From there on ever less of it was seen: the rest of the way, however long, becomes so long at most. */
const REST_RAD = MathUtils.degToRad(12);
/** Lines of sight that cross at less (the square of a sine) look the same way, or past one another. */
const LEAST_CROSSING = 1e-4;

interface Sight {
  readonly position: Vector3;
  readonly turn: Quaternion;
  readonly ahead: Vector3;
}

/** The pose, or how far the way there goes from the picture's where that is further than can be shown. */
export function nearerPose(from: Pose, to: Pose): Pose {
  const [first, last] = [sightOf(from), sightOf(to)];
  const angle = first.turn.angleTo(last.turn);
  if (angle <= SHOWN_RAD) return to;
  const share = (SHOWN_RAD + REST_RAD * (1 - Math.exp((SHOWN_RAD - angle) / REST_RAD))) / angle;
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
