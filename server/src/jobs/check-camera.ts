/** What a layer is seen from: a camera that is there and looks somewhere, through a lens that it can have. */
import { checkPath, type ImportReport, KilnError, type Pose, type RenderSettings, type Vector3 } from '@kiln/shared';
import { choices } from './choices.ts';

/**
 * @param path of the layer in the request.
 * @throws KilnError `job.unknown_camera`, `request.invalid` or `job.unsupported` with the field's path.
 */
export function checkCamera(settings: RenderSettings, path: string, report: ImportReport): void {
  checkName(settings, path, report);
  checkView(settings, path);
  checkLens(settings, path, report);
}

function checkName({ camera }: RenderSettings, path: string, report: ImportReport): void {
  if (typeof camera !== 'string' || camera === 'auto') return;
  const names = report.cameras.map(({ name }) => name);
  if (names.includes(camera)) return;
  throw new KilnError('job.unknown_camera', `the scene has no camera "${camera}"; ${choices(names, 'auto')}`, {
    field: `${path}/camera`,
  });
}

/** A camera that looks nowhere. Far beyond what the GPU's 32-bit numbers hold it draws nothing either. */
function checkView({ camera, fps }: RenderSettings, path: string): void {
  if (typeof camera === 'string') return;
  if ('path' in camera) {
    checkPath(camera, fps, `${path}/camera`);
    return;
  }
  if ('quaternion' in camera) {
    checkPose(camera, path);
    return;
  }
  const { position, target, up } = camera;
  const distance = Math.fround(Math.hypot(...position.map((value, axis) => (target[axis] ?? 0) - value)));
  if (distance > 0 && distance < Number.POSITIVE_INFINITY) {
    if (!up || !isAlong(up, position, target)) return;
    throw new KilnError('request.invalid', `expected what is up beside the line of sight, got ${up.join(', ')}`, {
      field: `${path}/camera/up`,
    });
  }
  const message = `expected a target away from the camera’s position (${position.join(', ')}), got ${target.join(', ')}`;
  throw new KilnError('request.invalid', message, { field: `${path}/camera/target` });
}

/** One that is turned no way. */
function checkPose({ quaternion }: Pose, path: string): void {
  const length = Math.hypot(...quaternion);
  if (Math.abs(length - 1) < 0.01) return;
  const message = `expected a unit quaternion, got one of length ${length}`;
  throw new KilnError('request.invalid', message, { field: `${path}/camera/quaternion` });
}

/** Rays of an orthographic camera are parallel: nothing is out of focus. */
function checkLens({ camera, lens }: RenderSettings, path: string, report: ImportReport): void {
  if (!lens) return;
  const isOrthographic =
    typeof camera === 'string'
      ? report.cameras.find((known) => known.name === camera)?.kind === 'orthographic'
      : 'heightM' in ('path' in camera ? (camera.path[0] ?? camera) : camera);
  if (!isOrthographic) return;
  throw new KilnError('job.unsupported', 'an orthographic camera has no depth of field; use one with perspective', {
    field: `${path}/lens`,
  });
}

/** Whether `up` is nothing, or points along the line of sight: then the picture may be turned anyhow. */
function isAlong(up: Vector3, [px, py, pz]: Vector3, [tx, ty, tz]: Vector3): boolean {
  const [x, y, z] = [tx - px, ty - py, tz - pz];
  const across = Math.hypot(up[1] * z - up[2] * y, up[2] * x - up[0] * z, up[0] * y - up[1] * x);
  // Also when either is beyond what numbers hold.
  return !(across > 1e-6 * Math.hypot(...up) * Math.hypot(x, y, z));
}
