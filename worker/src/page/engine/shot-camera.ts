import type { CameraChoice, Pose, Vector3 as Triple } from '@kiln/shared';
import { KilnError } from '@kiln/shared';
import { Matrix4, type OrthographicCamera, type PerspectiveCamera, Quaternion, Vector3 } from 'three';
import { framingCamera } from '../scene/framing.ts';
import type { LoadedScene } from '../scene/loaded-scene.ts';
import type { CameraPlacement, Lens } from './camera-placement.ts';

/** Which camera a shot is taken with. */
export type ShotCamera =
  | { readonly kind: 'auto' }
  | { readonly kind: 'scene'; readonly index: number }
  | { readonly kind: 'free'; readonly pose: Pose };

/** Near plane over far plane, at least: with 24 bits of depth a step at the far end is then 1/8,000 of the distance. */
const NEAREST_SHARE = 1 / 2_000;

/** @throws KilnError `job.unknown_camera` naming the scene's cameras. */
export function chooseCamera(choice: CameraChoice, scene: LoadedScene): ShotCamera {
  if (typeof choice === 'object') return { kind: 'free', pose: lookAt(choice.position, choice.target, choice.fovDeg) };
  if (choice === 'auto') return { kind: 'auto' };
  const index = scene.cameras.findIndex(({ name }) => name === choice);
  if (index >= 0) return { kind: 'scene', index };
  const names = scene.cameras.map(({ name }) => `"${name}"`).join(', ');
  const known = names === '' ? 'it has none; use "auto"' : `it has ${names}, and "auto"`;
  throw new KilnError('job.unknown_camera', `The scene has no camera "${choice}": ${known}.`);
}

/** Where the shot's camera stands in the scene as it is posed now, for a picture of this aspect (width ÷ height). */
export function placeCamera(camera: ShotCamera, scene: LoadedScene, aspect: number): CameraPlacement {
  const position = new Vector3();
  const quaternion = new Quaternion();
  let lens: Lens;
  let own = { near: 0, far: Number.POSITIVE_INFINITY };
  if (camera.kind === 'scene') {
    const entry = scene.cameras[camera.index];
    if (!entry) throw new Error(`the scene has no camera of index ${camera.index}`);
    entry.camera.updateWorldMatrix(true, false);
    entry.camera.matrixWorld.decompose(position, quaternion, new Vector3());
    lens = entry.lens;
    own = entry.range;
  } else {
    const pose = camera.kind === 'free' ? camera.pose : autoPose(scene, aspect);
    position.fromArray(pose.position);
    quaternion.fromArray(pose.quaternion).normalize();
    lens = { kind: 'perspective', fovDeg: pose.fovDeg };
  }
  const { near, far } = depthRange(scene, position, quaternion);
  const tight = { near: Math.max(near, own.near), far: Math.min(far, own.far) };
  return { position, quaternion, lens, ...(tight.near < tight.far ? tight : { near, far }) };
}

/** Gives three's camera this placement, looking `offset` (in pixels) beside the middle of each pixel. */
export function setCamera(
  { perspective, orthographic }: { perspective: PerspectiveCamera; orthographic: OrthographicCamera },
  { position, quaternion, lens, near, far }: CameraPlacement,
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
  offset: { x: number; y: number },
): PerspectiveCamera | OrthographicCamera {
  const camera = lens.kind === 'perspective' ? perspective : orthographic;
  camera.position.copy(position);
  camera.quaternion.copy(quaternion);
  camera.near = near;
  camera.far = far;
  const aspect = widthPx / heightPx;
  if (lens.kind === 'perspective') {
    perspective.fov = lens.fovDeg;
    perspective.aspect = aspect;
  } else {
    orthographic.top = lens.halfHeight;
    orthographic.bottom = -lens.halfHeight;
    orthographic.right = lens.halfHeight * aspect;
    orthographic.left = -orthographic.right;
  }
  if (offset.x === 0 && offset.y === 0) camera.clearViewOffset();
  else camera.setViewOffset(widthPx, heightPx, offset.x, offset.y, widthPx, heightPx);
  camera.updateProjectionMatrix();
  camera.updateMatrixWorld();
  return camera;
}

/** The automatic camera as a pose. */
function autoPose(scene: LoadedScene, aspect: number): Pose {
  const { position, target, fovDeg } = framingCamera(scene.framing, aspect);
  return lookAt(position, target, fovDeg);
}

/** y is up; a camera that looks straight up or down has −z up instead. */
function lookAt(position: Triple, target: Triple, fovDeg: number): Pose {
  const eye = new Vector3(...position);
  const away = new Vector3(...target).sub(eye).normalize();
  const up = Math.abs(away.y) > 0.999_999 ? new Vector3(0, 0, -1) : new Vector3(0, 1, 0);
  const turn = new Quaternion().setFromRotationMatrix(new Matrix4().lookAt(eye, new Vector3(...target), up));
  return { position, quaternion: [turn.x, turn.y, turn.z, turn.w], fovDeg };
}

/** Planes just around the scene's bounding sphere, seen from here. */
function depthRange({ sphere, reach }: LoadedScene, position: Vector3, quaternion: Quaternion) {
  const ahead = new Vector3(0, 0, -1).applyQuaternion(quaternion).dot(sphere.center.clone().sub(position));
  const far = Math.max(ahead + reach, reach * 0.01);
  return { near: Math.max(ahead - reach, far * NEAREST_SHARE), far };
}
