/** A hand's way through a scene: what a viewer's camera did, and when. */
import type { Static } from 'typebox';
import * as Type from 'typebox';
import { LIMITS } from '../limits.ts';
import { Pose, Position } from '../schemas/settings.ts';
import { LiveView } from './messages.ts';

const PATH_TIME = {
  /** Milliseconds since the path began; never less than that of the pose before. */
  atMs: Type.Number({ minimum: 0, maximum: 86_400_000 }),
  /** Whether the hand still moves. @defaultValue all but the last do */
  moving: Type.Optional(Type.Boolean()),
};

/** Where the camera is, by its turn or by what it looks at (upright). */
export const PathPose = Type.Union([
  Type.Object({ ...PATH_TIME, ...Pose.properties }, { additionalProperties: false }),
  Type.Object(
    { ...PATH_TIME, position: Position, target: Position, fovDeg: Pose.properties.fovDeg },
    { additionalProperties: false },
  ),
]);
export type PathPose = Static<typeof PathPose>;

export const PosePath = Type.Object(
  {
    poses: Type.Array(PathPose, { minItems: 1, maxItems: LIMITS.pathPoses }),
    /** What was shown, from a time on; in the order of their times. */
    views: Type.Optional(
      Type.Array(Type.Object({ atMs: PATH_TIME.atMs, view: LiveView }, { additionalProperties: false }), {
        maxItems: LIMITS.pathViews,
      }),
    ),
    /** The frame of a clip, from a time on. */
    frames: Type.Optional(
      Type.Array(
        Type.Object(
          { atMs: PATH_TIME.atMs, frameNumber: LiveView.properties.frameNumber },
          { additionalProperties: false },
        ),
        { maxItems: LIMITS.pathPoses },
      ),
    ),
  },
  { additionalProperties: false },
);
export type PosePath = Static<typeof PosePath>;

type Triple = readonly [number, number, number];

/** What a path says of a moment, as a viewer says it. */
export function poseOf(at: PathPose): Pose {
  const { position, fovDeg } = at;
  return { position, fovDeg, quaternion: 'quaternion' in at ? at.quaternion : turnTowards(position, at.target) };
}

/** Unit quaternion x, y, z, w of a camera that looks along its −z, with +y up. */
function turnTowards(position: Triple, target: Triple): Pose['quaternion'] {
  const back = unit([position[0] - target[0], position[1] - target[1], position[2] - target[2]], [0, 0, 1]);
  // One that looks straight up or down keeps +x at its right hand.
  const right = unit(cross([0, 1, 0], back), [1, 0, 0]);
  const up = cross(back, right);
  const [m00, m10, m20] = right;
  const [m01, m11, m21] = up;
  const [m02, m12, m22] = back;
  const trace = m00 + m11 + m22;
  if (trace > 0) {
    const s = 2 * Math.sqrt(trace + 1);
    return [(m21 - m12) / s, (m02 - m20) / s, (m10 - m01) / s, s / 4];
  }
  if (m00 > m11 && m00 > m22) {
    const s = 2 * Math.sqrt(1 + m00 - m11 - m22);
    return [s / 4, (m01 + m10) / s, (m02 + m20) / s, (m21 - m12) / s];
  }
  if (m11 > m22) {
    const s = 2 * Math.sqrt(1 + m11 - m00 - m22);
    return [(m01 + m10) / s, s / 4, (m12 + m21) / s, (m02 - m20) / s];
  }
  const s = 2 * Math.sqrt(1 + m22 - m00 - m11);
  return [(m02 + m20) / s, (m12 + m21) / s, s / 4, (m10 - m01) / s];
}

const cross = (a: Triple, b: Triple): Triple => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

/** @param none where it has no length */
function unit(v: Triple, none: Triple): Triple {
  const length = Math.hypot(...v);
  return length < 1e-9 ? none : [v[0] / length, v[1] / length, v[2] / length];
}
