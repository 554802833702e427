/** What a path of poses, or a recorded session, says to the farm, and when. */
import {
  cameraAt,
  camerasOf,
  LIMITS,
  type LiveView,
  type PathPose,
  type PosePath,
  type TimedCamera,
} from '@kiln/shared';

/** A camera that moves, or something else that is shown from then on. */
export type PathInput =
  | { readonly kind: 'pose'; readonly atMs: number; readonly pose: PathPose; readonly moving: boolean }
  | { readonly kind: 'view'; readonly atMs: number; readonly view: LiveView };

export interface Timeline {
  /** What is shown from the beginning. */
  readonly view: LiveView;
  /** In order of their times. */
  readonly inputs: readonly PathInput[];
}

/** A hand's poses come as often as most displays take a picture. */
const EVERY_MS = 1_000 / 60;

/**
 * @param view what is shown where the path says nothing of it.
 * @param fixed what is shown whatever the path says.
 */
export function timelineOf(path: PosePath, view: LiveView, fixed: Partial<LiveView>): Timeline {
  const { views = [], frames = [] } = path;
  const viewAt = (atMs: number): LiveView => {
    const recorded = views.findLast((one) => one.atMs <= atMs)?.view;
    const frame = frames.findLast((one) => one.atMs <= atMs) ?? frames[0];
    return { ...(recorded ?? view), ...(frame && { frameNumber: frame.frameNumber }), ...fixed };
  };
  const inputs: PathInput[] = path.views || path.frames ? played(camerasOf(path)) : asTheyAre(path.poses);
  const first = viewAt(0);
  let before = JSON.stringify(first);
  for (const atMs of [...new Set([...views, ...frames].map((one) => one.atMs))].sort((a, b) => a - b)) {
    const next = viewAt(atMs);
    const text = JSON.stringify(next);
    if (text !== before) inputs.push({ kind: 'view', atMs, view: next });
    before = text;
  }
  // What is shown changes before the camera goes on.
  inputs.sort((a, b) => a.atMs - b.atMs || Number(a.kind === 'pose') - Number(b.kind === 'pose'));
  return { view: first, inputs };
}

function asTheyAre(poses: readonly PathPose[]): PathInput[] {
  const last = poses.length - 1;
  return poses.map((pose, index) => ({
    ...{ kind: 'pose', atMs: pose.atMs, pose, moving: index < last && (pose.moving ?? true) },
  }));
}

/** What was recorded is what a straight line between two moments does not say: the camera goes along it. */
function played(cameras: readonly TimedCamera[]): PathInput[] {
  const everyMs = Math.max(EVERY_MS, (cameras.at(-1)?.atMs ?? 0) / LIMITS.pathPoses);
  return cameras.flatMap((from, index) => {
    const to = cameras[index + 1];
    if (!to || isSame(from, to)) return [inputOf(from, false)];
    const steps = Math.max(1, Math.round((to.atMs - from.atMs) / everyMs));
    return Array.from({ length: steps }, (_, step) =>
      inputOf(cameraAt([from, to], from.atMs + ((to.atMs - from.atMs) * step) / steps) ?? from, true),
    );
  });
}

const inputOf = (pose: TimedCamera, moving: boolean): PathInput => ({ kind: 'pose', atMs: pose.atMs, pose, moving });

const isSame = (a: TimedCamera, b: TimedCamera) =>
  [...a.position, ...a.target, a.fovDeg].every((value, i) => value === [...b.position, ...b.target, b.fovDeg][i]);
