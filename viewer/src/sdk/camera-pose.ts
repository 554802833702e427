/** The host's camera, as the farm takes cameras. */
import { LIMITS, type Pose } from '@kiln/shared';
import { MathUtils, Matrix4, type Object3D, type PerspectiveCamera, Quaternion, Vector3 } from 'three';

/** Rounding of what should be equal. */
const SLACK = 1e-4;

export interface CameraView {
  /** In the world of the remote scene, whose metres are as they were sent. */
  readonly pose: Pose;
  /** Width ÷ height. */
  readonly aspect: number;
  /** Units of the host's world that a metre of the remote scene is long. */
  readonly scale: number;
}

/**
 * Updates the matrices of both.
 *
 * @param object stands where the remote scene's origin is.
 * @throws Error for a camera that no farm draws for, and for an object that is stretched in one direction.
 */
export function cameraView(camera: PerspectiveCamera, object: Object3D): CameraView {
  if (camera.isPerspectiveCamera !== true) throw new Error('a remote view takes a PerspectiveCamera, and no other');
  camera.updateWorldMatrix(true, false);
  object.updateWorldMatrix(true, false);
  const projection = camera.projectionMatrix.elements;
  const [across = 0, up = 0, shiftX = 0, shiftY = 0] = [projection[0], projection[5], projection[8], projection[9]];
  if (Math.abs(shiftX) > SLACK || Math.abs(shiftY) > SLACK) {
    throw new Error('a remote view takes a camera that looks ahead: without setViewOffset, and with filmOffset 0');
  }
  const scale = scaleOf(object.matrixWorld);
  const position = new Vector3();
  const quaternion = new Quaternion();
  const local = new Matrix4().copy(object.matrixWorld).invert().multiply(camera.matrixWorld);
  local.decompose(position, quaternion, new Vector3());
  return {
    pose: {
      position: [position.x, position.y, position.z],
      quaternion: [quaternion.x, quaternion.y, quaternion.z, quaternion.w],
      // What is seen, with the camera's zoom.
      fovDeg: MathUtils.radToDeg(2 * Math.atan(1 / up)),
    },
    aspect: up / across,
    scale,
  };
}

/**
 * Puts a camera where a pose of the remote scene is in the host's world.
 *
 * @param object as `cameraView` takes it.
 */
export function placeCamera(camera: PerspectiveCamera, object: Object3D, { position, quaternion, fovDeg }: Pose): void {
  object.updateWorldMatrix(true, false);
  const place = new Matrix4().compose(new Vector3(...position), new Quaternion(...quaternion), new Vector3(1, 1, 1));
  place.premultiply(object.matrixWorld);
  if (camera.parent) {
    camera.parent.updateWorldMatrix(true, false);
    place.premultiply(camera.parent.matrixWorld.clone().invert());
  }
  place.decompose(camera.position, camera.quaternion, new Vector3());
  camera.fov = MathUtils.radToDeg(2 * Math.atan(Math.tan(MathUtils.degToRad(fovDeg) / 2) * camera.zoom));
  camera.updateProjectionMatrix();
}

/**
 * What keeps anything from being seen so, as with a camera whose aspect was taken of a canvas without a size; null: nothing.
 * It may be over by the next frame.
 */
export function faultOf({ pose, aspect, scale }: CameraView): string | null {
  const isWithin = pose.position.every((value) => Math.abs(value) <= LIMITS.liveCoordinateM);
  if (!isWithin) return `the camera stands at ${pose.position.join(', ')} of the remote scene`;
  if (!pose.quaternion.every(Number.isFinite)) return `the camera is turned by ${pose.quaternion.join(', ')}`;
  if (!(pose.fovDeg > 0 && pose.fovDeg < 180)) return `the camera sees ${pose.fovDeg} degrees`;
  if (!(aspect > 0 && aspect < Number.POSITIVE_INFINITY)) return `the camera's aspect is ${aspect}`;
  return Number.isFinite(scale) ? null : `the remote scene is scaled by ${scale}`;
}

function scaleOf(matrix: Matrix4): number {
  const [x, y, z] = [0, 1, 2].map((column) => new Vector3().setFromMatrixColumn(matrix, column).length());
  if (x === undefined || y === undefined || z === undefined || !(x > 0)) throw new Error('a remote view has no size');
  if (Math.abs(y / x - 1) > SLACK || Math.abs(z / x - 1) > SLACK) {
    throw new Error(`a remote view is scaled alike in all directions, not by ${x}, ${y} and ${z}`);
  }
  if (matrix.determinant() < 0) throw new Error('a remote view is not mirrored');
  return x;
}
