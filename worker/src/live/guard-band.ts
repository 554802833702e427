import type { Pose } from '@kiln/shared';

/**
 * Width and height of what a moving picture shows ÷ what its viewer sees. What the viewer turns to meanwhile is then
 * there. Pixels without any: at 3° of an orbit 6 % without, 2.7 % at 1.1, 2.6 % at 1.2; the pixels spread over more cost
 * sharpness.
 */
const GUARD_BAND = 1.1;

/** The same pose with more around it. */
export function withGuardBand(pose: Pose): Pose {
  const half = Math.tan((pose.fovDeg * Math.PI) / 360) * GUARD_BAND;
  return { ...pose, fovDeg: (Math.atan(half) * 360) / Math.PI };
}
