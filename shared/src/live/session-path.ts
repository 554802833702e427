/** A recorded session: where its camera was and what it showed, by time; and the path of keys that renders the same. */
import { LIMITS } from '../limits.ts';
import type { CameraPath, ExplicitCamera, Vector3 } from '../schemas/settings.ts';
import { thinned } from './path-thinning.ts';
import type { PathPose, PosePath } from './pose-path.ts';

/** Where the camera was at a moment. */
export interface TimedCamera extends Pick<ExplicitCamera, 'position' | 'target' | 'fovDeg'> {
  readonly atMs: number;
}

/** What nobody sees: the camera off by so much of its distance to what it looks at, the field of view by such a share. */
const UNSEEN = 0.002;

/** What matters of a recorded movement, in numbers that are as exact as needed. */
export function thinnedCameras(cameras: readonly TimedCamera[], tolerance = UNSEEN): TimedCamera[] {
  return thinned(cameras, (at, from, to) => {
    const there = cameraBetween(from, to, at.atMs);
    const off = Math.max(distance(at.position, there.position), distance(at.target, there.target));
    return Math.max(off / distance(at.position, at.target), Math.abs(there.fovDeg / at.fovDeg - 1)) / tolerance;
  });
}

/** Where the camera of a path is at a time; before the first moment and after the last it stands still. */
export function cameraAt(cameras: readonly TimedCamera[], atMs: number): TimedCamera | null {
  const next = cameras.findIndex((camera) => camera.atMs > atMs);
  const [from, to] = [cameras[next - 1], cameras[next]];
  if (next === 0) return cameras[0] ?? null;
  return from && to ? cameraBetween(from, to, atMs) : (cameras.at(-1) ?? null);
}

/** The cameras of a path; what only says how it is turned looks at what is a metre ahead. */
export const camerasOf = ({ poses }: PosePath): TimedCamera[] => poses.map(cameraOf);

function cameraOf(pose: PathPose): TimedCamera {
  const { atMs, position, fovDeg } = pose;
  if ('target' in pose) return { atMs, position, target: pose.target, fovDeg };
  const [x, y, z, w] = pose.quaternion;
  const ahead: Vector3 = [-2 * (x * z + w * y), -2 * (y * z - w * x), -1 + 2 * (x * x + y * y)];
  return { atMs, position, target: [position[0] + ahead[0], position[1] + ahead[1], position[2] + ahead[2]], fovDeg };
}

/** The same movement as a job flies it: exact to what nobody sees, or as near as the most keys of a path come. */
export function cameraPathOf(path: PosePath): CameraPath {
  const cameras = camerasOf(path).filter(({ atMs }, index, all) => index === 0 || atMs > (all[index - 1]?.atMs ?? 0));
  let kept = thinnedCameras(cameras);
  for (let tolerance = 2 * UNSEEN; kept.length > LIMITS.pathKeys; tolerance *= 2)
    kept = thinnedCameras(kept, tolerance);
  return {
    path: kept.map(({ atMs, position, target, fovDeg }) => ({ timeSec: atMs / 1_000, position, target, fovDeg })),
  };
}

function cameraBetween(from: TimedCamera, to: TimedCamera, atMs: number): TimedCamera {
  const share = (atMs - from.atMs) / (to.atMs - from.atMs || 1);
  const mix = (a: number, b: number) => a + (b - a) * share;
  const point = (a: Vector3, b: Vector3): Vector3 => [mix(a[0], b[0]), mix(a[1], b[1]), mix(a[2], b[2])];
  return {
    atMs,
    position: point(from.position, to.position),
    target: point(from.target, to.target),
    fovDeg: mix(from.fovDeg, to.fovDeg),
  };
}

const distance = (a: Vector3, b: Vector3) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
