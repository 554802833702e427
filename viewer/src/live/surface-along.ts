/** What a line of sight meets in a picture that was seen from elsewhere, by the picture's depth. */
import { type Pose, reciprocalOf } from '@kiln/shared';
import { Quaternion, Ray, Vector3 } from 'three';
import { samePose } from './pose-pacer.ts';
import { type SeenPicture, type Surface, surfaceAt } from './surface-at.ts';
import { nearerPose } from './warp/nearer-pose.ts';
import { tangentsOf } from './warp/reprojection.ts';

/** Places that are looked at along the line: two for each step of depth. */
const STEPS = 508;
/** Times that the step in which the line meets a surface is halved. */
const HALVINGS = 8;
/** How far behind a surface, as a share of the reciprocal distance, the line still meets it; further behind it passes. */
const THICKNESS = 0.1;
/** The line begins so near, and ends so far, in distances of the nearest and the farthest surface. */
const BEGIN_SHARE = 0.1;
const END_SHARE = 2;

/**
 * @param ray in the world of the scene, metres; its direction has length 1.
 * @returns null where it meets nothing that the picture shows.
 */
export function surfaceAlong(seen: SeenPicture, ray: Ray): Surface | null {
  const { nearestM, farthestM } = seen.range;
  const [most, least] = [1 / (nearestM * BEGIN_SHARE), 1 / (farthestM * END_SHARE)];
  const point = new Vector3();
  const isBehind = (reciprocal: number): Place | null => {
    const place = placeOf(seen, ray.at(1 / reciprocal, point));
    return place && place.pointReciprocal <= place.seenReciprocal ? place : null;
  };
  let before = most;
  for (let i = 1; i <= STEPS; i += 1) {
    const here = most + (least - most) * (i / STEPS);
    const place = isBehind(here);
    if (place && place.pointReciprocal > place.seenReciprocal * (1 - THICKNESS)) {
      let [front, behind, met] = [before, here, place];
      for (let n = 0; n < HALVINGS; n += 1) {
        const middle = (front + behind) / 2;
        const found = isBehind(middle);
        if (found) [behind, met] = [middle, found];
        else front = middle;
      }
      const surface = surfaceAt(seen, met.x, met.y);
      return surface && { ...surface, position: ray.at(1 / behind, point).toArray() };
    }
    before = here;
  }
  return null;
}

/**
 * What is seen at a point of a view in which a picture is shown.
 *
 * @param view from where it is shown, or null: as it was seen; and width ÷ height.
 * @param at from the left edge of the view and from its upper one, 0 to 1.
 * @returns null where nothing is.
 */
export function surfaceThrough(
  seen: SeenPicture,
  { pose, aspect }: { readonly pose: Pose | null; readonly aspect: number },
  { x, y }: { readonly x: number; readonly y: number },
): Surface | null {
  const shown = pose && nearerPose(seen.pose, pose);
  if (!shown || samePose(shown, seen.pose)) return surfaceAt(seen, x, y);
  const tangents = tangentsOf(shown, aspect);
  const direction = new Vector3((x * 2 - 1) * tangents.x, (1 - y * 2) * tangents.y, -1).normalize();
  direction.applyQuaternion(new Quaternion(...shown.quaternion));
  return surfaceAlong(seen, new Ray(new Vector3(...shown.position), direction));
}

/** Where a point is in the picture, and what the picture shows there. */
interface Place {
  /** As `surfaceAt` has them. */
  readonly x: number;
  readonly y: number;
  /** 1/metres along the line of sight. */
  readonly pointReciprocal: number;
  readonly seenReciprocal: number;
}

/** Null beside the picture, and where nothing stands. */
function placeOf({ depth, range, pose, aspect }: SeenPicture, point: Vector3): Place | null {
  const from = point.clone().sub(new Vector3(...pose.position));
  from.applyQuaternion(new Quaternion(...pose.quaternion).conjugate());
  if (from.z >= 0) return null;
  const tangents = tangentsOf(pose, aspect);
  const x = (from.x / -from.z / tangents.x + 1) / 2;
  const y = (1 - from.y / -from.z / tangents.y) / 2;
  if (!(x >= 0 && x < 1 && y >= 0 && y < 1)) return null;
  const at = Math.floor(y * depth.height) * depth.width + Math.floor(x * depth.width);
  const seenReciprocal = reciprocalOf(depth.data[at] ?? 0, range);
  return seenReciprocal === 0 ? null : { x, y, pointReciprocal: 1 / -from.z, seenReciprocal };
}
