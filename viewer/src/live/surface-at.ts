/** What a picture shows at a place, by its depth: no round trip, and as near to the truth as the depth is. */
import { type DepthRange, type Pose, reciprocalOf } from '@kiln/shared';
import { Quaternion, Vector3 } from 'three';
import { tangentsOf } from './warp/reprojection.ts';
import type { Plane } from './yuv-picture.ts';

export interface SeenPicture {
  readonly depth: Plane;
  readonly range: DepthRange;
  readonly pose: Pose;
  /** Width ÷ height. */
  readonly aspect: number;
}

/** In the world of the scene, metres. */
export interface Surface {
  readonly position: readonly [x: number, y: number, z: number];
  /** Of length 1, towards the camera. */
  readonly normal: readonly [x: number, y: number, z: number];
}

/** Neighbours whose reciprocal distance differs by more than this share are of another surface. */
const SAME_SURFACE = 0.05;

/**
 * @param x from the left edge of the picture to the right one, 0 to 1.
 * @param y from the upper edge to the lower one.
 * @returns null where nothing stands, or beside the picture.
 */
export function surfaceAt(seen: SeenPicture, x: number, y: number): Surface | null {
  const { width, height } = seen.depth;
  if (!(x >= 0 && x < 1 && y >= 0 && y < 1)) return null;
  const [column, row] = [Math.floor(x * width), Math.floor(y * height)];
  const here = pointOf(seen, column, row);
  if (!here) return null;
  const across = tangent(seen, here, [column, row], [1, 0]);
  const down = tangent(seen, here, [column, row], [0, 1]);
  const { position } = seen.pose;
  const eye = new Vector3(...position).sub(here.point);
  const normal = across && down ? down.cross(across) : eye.clone();
  if (normal.lengthSq() === 0) normal.copy(eye);
  if (normal.dot(eye) < 0) normal.negate();
  normal.normalize();
  return { position: here.point.toArray(), normal: normal.toArray() };
}

interface SeenPoint {
  readonly point: Vector3;
  /** 1/metres along the line of sight. */
  readonly reciprocal: number;
}

function pointOf({ depth, range, pose, aspect }: SeenPicture, column: number, row: number): SeenPoint | null {
  const { width, height, data } = depth;
  if (column < 0 || row < 0 || column >= width || row >= height) return null;
  const reciprocal = reciprocalOf(data[row * width + column] ?? 0, range);
  if (reciprocal === 0) return null;
  const tangents = tangentsOf(pose, aspect);
  const point = new Vector3(
    (((column + 0.5) / width) * 2 - 1) * tangents.x,
    (1 - ((row + 0.5) / height) * 2) * tangents.y,
    -1,
  );
  point
    .divideScalar(reciprocal)
    .applyQuaternion(new Quaternion(...pose.quaternion))
    .add(new Vector3(...pose.position));
  return { point, reciprocal };
}

/** From one neighbour to the other, a few depth pixels off: what is rounded shows less there. */
function tangent(
  seen: SeenPicture,
  here: SeenPoint,
  [column, row]: readonly [number, number],
  [right, down]: readonly [number, number],
): Vector3 | null {
  for (const step of [3, 2, 1]) {
    const [one, other] = [-step, step].map((by) => {
      const point = pointOf(seen, column + right * by, row + down * by);
      const isSame = point && Math.abs(point.reciprocal / here.reciprocal - 1) < SAME_SURFACE;
      return isSame ? point.point : null;
    });
    if (one && other) return other.clone().sub(one);
    if (one) return here.point.clone().sub(one);
    if (other) return other.clone().sub(here.point);
  }
  return null;
}
