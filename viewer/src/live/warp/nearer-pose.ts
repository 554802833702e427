import type { Pose, Vector3 as Triple } from '@kiln/shared';
import { MathUtils, Quaternion, Vector3 } from 'three';

/** Further round than this most of what is seen is of no picture; 200 ms at 30°/s are 6°. */
const FARTHEST_RAD = MathUtils.degToRad(45);

/** The pose, or where the way there has gone as far from the picture's as it can be shown. */
export function nearerPose(from: Pose, to: Pose): Pose {
  const turn = new Quaternion(...from.quaternion);
  const angle = turn.angleTo(new Quaternion(...to.quaternion));
  if (angle <= FARTHEST_RAD) return to;
  const share = FARTHEST_RAD / angle;
  const { x, y, z, w } = turn.slerp(new Quaternion(...to.quaternion), share);
  const position: Triple = new Vector3(...from.position).lerp(new Vector3(...to.position), share).toArray();
  return { ...to, position, quaternion: [x, y, z, w] };
}
