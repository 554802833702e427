import type {
  CameraChoice,
  CameraPath,
  PlacedCamera,
  Pose,
  RenderSettings,
  ThinLens,
  Vector3 as Triple,
} from '@kiln/shared';
import { FULL_FRAME_HEIGHT_MM, KilnError, pathCamera } from '@kiln/shared';
import { Matrix4, type OrthographicCamera, type PerspectiveCamera, Quaternion, Vector3 } from 'three';
import { framingCamera, turntableCamera } from '../scene/framing.ts';
import type { LoadedScene } from '../scene/loaded-scene.ts';
import type { Staging } from '../scene/staging.ts';
import type { CameraPlacement, Lens } from './camera-placement.ts';
import { aspectOf, type Seen } from './frame-window.ts';
import { apertureOf } from './thin-lens.ts';

/** Where a camera that is not in the scene stands. */
interface FreeView {
  readonly position: Triple;
  /** Unit quaternion; looks along its −z. */
  readonly quaternion: Pose['quaternion'];
  readonly lens: Lens;
  /** Metres to what it looks at, if that is known. */
  readonly targetDistance?: number;
}

/** Which camera a shot is taken with. */
export type ShotCamera = (
  | { readonly kind: 'auto' }
  | { readonly kind: 'scene'; readonly index: number }
  | { readonly kind: 'free'; readonly view: FreeView }
  | { readonly kind: 'path'; readonly path: CameraPath; readonly fps: number }
) & {
  /** How fast it circles the middle of the scene, counter-clockwise from above. @defaultValue 0 */
  readonly turnsPerSec?: number;
  /** @defaultValue a pinhole */
  readonly focus?: ThinLens;
};

/** Near plane over far plane, at least: with 24 bits of depth a step at the far end is then 1/8,000 of the distance. */
const NEAREST_SHARE = 1 / 2_000;

const Y_AXIS = new Vector3(0, 1, 0);

interface PlacedShot extends Seen {
  readonly camera: ShotCamera;
  readonly scene: LoadedScene;
  readonly staging: Staging;
  readonly timeSec: number;
}

type CameraSettings = Pick<RenderSettings, 'camera' | 'turntable' | 'lens' | 'fps'>;

/** @throws KilnError `job.unknown_camera` naming the scene's cameras. */
export function cameraOf({ camera, turntable, lens, fps }: CameraSettings, scene: LoadedScene): ShotCamera {
  return {
    ...chooseCamera(camera, scene, fps),
    ...(turntable && { turnsPerSec: fps / turntable.frames }),
    ...(lens && { focus: lens }),
  };
}

/**
 * @param fps what a path counts its frames by.
 * @throws KilnError `job.unknown_camera` naming the scene's cameras.
 */
export function chooseCamera(choice: CameraChoice, scene: LoadedScene, fps: number): ShotCamera {
  if (typeof choice === 'object' && 'path' in choice) return { kind: 'path', path: choice, fps };
  if (typeof choice === 'object')
    return 'quaternion' in choice ? poseCamera(choice) : { kind: 'free', view: viewOf(choice) };
  if (choice === 'auto') return { kind: 'auto' };
  const index = scene.cameras.findIndex(({ name }) => name === choice);
  if (index >= 0) return { kind: 'scene', index };
  const names = scene.cameras.map(({ name }) => `"${name}"`).join(', ');
  const known = names === '' ? 'it has none; use "auto"' : `it has ${names}, and "auto"`;
  throw new KilnError('job.unknown_camera', `The scene has no camera "${choice}": ${known}.`);
}

/** The camera of a live view. */
export const poseCamera = ({ position, quaternion, fovDeg, targetDistanceM }: Pose): ShotCamera => ({
  kind: 'free',
  view: {
    position,
    quaternion,
    lens: { kind: 'perspective', fovDeg },
    ...(targetDistanceM !== undefined && { targetDistance: targetDistanceM }),
  },
});

/**
 * Where the shot's camera stands in the scene as it is posed now, for a picture of this aspect (width ÷ height).
 *
 * @param reach metres around the middle of the scene that it sees.
 */
export function placeCamera(
  camera: ShotCamera,
  scene: LoadedScene,
  aspect: number,
  timeSec: number,
  reach = scene.reach,
): CameraPlacement {
  const position = new Vector3();
  const quaternion = new Quaternion();
  let lens: Lens;
  let targetDistance: number | undefined;
  let own = { near: 0, far: Number.POSITIVE_INFINITY };
  if (camera.kind === 'scene') {
    const entry = scene.cameras[camera.index];
    if (!entry) throw new Error(`the scene has no camera of index ${camera.index}`);
    entry.camera.updateWorldMatrix(true, false);
    entry.camera.matrixWorld.decompose(position, quaternion, new Vector3());
    lens = entry.lens;
    own = entry.range;
  } else {
    const view = outsideView(camera, scene, aspect, timeSec);
    position.fromArray(view.position);
    quaternion.fromArray(view.quaternion).normalize();
    ({ lens, targetDistance } = view);
  }
  if (camera.turnsPerSec !== undefined) turn(position, quaternion, scene.sphere.center, camera.turnsPerSec * timeSec);
  const { near, far, middle } = depthRange(scene, reach, position, quaternion);
  const tight = { near: Math.max(near, own.near), far: Math.min(far, own.far) };
  const range = tight.near < tight.far ? tight : { near, far };
  const placement = { position, quaternion, lens, ...range };
  if (!camera.focus) return placement;
  const { fStop, focusDistanceM } = camera.focus;
  const focusDistance = focusDistanceM === 'auto' ? (targetDistance ?? Math.max(middle, near)) : focusDistanceM;
  const aperture = apertureOf(lens, fStop, focusDistance);
  return aperture ? { ...placement, aperture } : placement;
}

/** Where a shot's camera stands at its time. Poses the scene. @param reach as of `placeCamera`. */
export function placeShot(shot: PlacedShot, reach?: number): CameraPlacement {
  const { camera, scene, staging, timeSec } = shot;
  scene.pose(staging, timeSec);
  return placeCamera(camera, scene, aspectOf(shot), timeSec, reach);
}

/** Turns a camera about the vertical axis through `middle`. Whole turns change nothing. */
function turn(position: Vector3, quaternion: Quaternion, middle: Vector3, turns: number): void {
  const about = new Quaternion().setFromAxisAngle(Y_AXIS, (turns % 1) * 2 * Math.PI);
  position.sub(middle).applyQuaternion(about).add(middle);
  quaternion.premultiply(about);
}

/** Gives three's camera this placement, looking `offset` (in pixels) beside the middle of each pixel. */
export function setCamera(
  { perspective, orthographic }: { perspective: PerspectiveCamera; orthographic: OrthographicCamera },
  { position, quaternion, lens, near, far }: CameraPlacement,
  { size: { widthPx, heightPx }, window }: Seen,
  offset: { x: number; y: number },
): PerspectiveCamera | OrthographicCamera {
  const camera = lens.kind === 'perspective' ? perspective : orthographic;
  camera.position.copy(position);
  camera.quaternion.copy(quaternion);
  camera.near = near;
  camera.far = far;
  const frame = window?.frame ?? { widthPx, heightPx };
  const aspect = aspectOf({ size: frame });
  if (lens.kind === 'perspective') {
    perspective.fov = lens.fovDeg;
    perspective.aspect = aspect;
  } else {
    orthographic.top = lens.halfHeight;
    orthographic.bottom = -lens.halfHeight;
    orthographic.right = lens.halfHeight * aspect;
    orthographic.left = -orthographic.right;
  }
  const [x, y] = [(window?.x ?? 0) + offset.x, (window?.y ?? 0) + offset.y];
  const isWhole = frame.widthPx === widthPx && frame.heightPx === heightPx;
  if (isWhole && x === 0 && y === 0) camera.clearViewOffset();
  else camera.setViewOffset(frame.widthPx, frame.heightPx, x, y, widthPx, heightPx);
  camera.updateProjectionMatrix();
  camera.updateMatrixWorld();
  return camera;
}

/** Of a camera that is not in the scene. */
function outsideView(
  camera: Exclude<ShotCamera, { kind: 'scene' }>,
  scene: LoadedScene,
  aspect: number,
  timeSec: number,
): FreeView {
  if (camera.kind === 'free') return camera.view;
  if (camera.kind === 'path') return viewOf(pathCamera(camera.path, camera.fps, timeSec));
  return autoView(scene, aspect, camera.turnsPerSec !== undefined);
}

/** @param isTurning then it keeps its distance all the way around. */
function autoView(scene: LoadedScene, aspect: number, isTurning: boolean): FreeView {
  return viewOf((isTurning ? turntableCamera : framingCamera)(scene.framing, aspect));
}

/** A camera by numbers. y is up where nothing else is said; one that looks straight up or down has −z up instead. */
function viewOf({ position, target, up, ...kind }: PlacedCamera): FreeView {
  const eye = new Vector3(...position);
  const away = new Vector3(...target).sub(eye);
  const targetDistance = away.length();
  away.normalize();
  const usual = Math.abs(away.y) > 0.999_999 ? new Vector3(0, 0, -1) : Y_AXIS;
  const upwards = up ? new Vector3(...up).normalize() : usual;
  const turned = new Quaternion().setFromRotationMatrix(new Matrix4().lookAt(eye, new Vector3(...target), upwards));
  return { position, quaternion: [turned.x, turned.y, turned.z, turned.w], lens: lensOf(kind), targetDistance };
}

type LensChoice = DistributiveOmit<PlacedCamera, 'position' | 'target' | 'up'>;
type DistributiveOmit<T, Key extends PropertyKey> = T extends unknown ? Omit<T, Key> : never;

function lensOf(choice: LensChoice): Lens {
  if ('heightM' in choice) return { kind: 'orthographic', halfHeight: choice.heightM / 2 };
  if ('fovDeg' in choice) return { kind: 'perspective', fovDeg: choice.fovDeg };
  const { focalLengthMm, sensorHeightMm = FULL_FRAME_HEIGHT_MM } = choice;
  const half = Math.atan(sensorHeightMm / (2 * focalLengthMm));
  return { kind: 'perspective', fovDeg: (2 * half * 180) / Math.PI, sensorHeightMm };
}

/** Planes just around what is `reach` metres around the middle of the scene, seen from here. */
function depthRange({ sphere }: LoadedScene, reach: number, position: Vector3, quaternion: Quaternion) {
  const ahead = new Vector3(0, 0, -1).applyQuaternion(quaternion).dot(sphere.center.clone().sub(position));
  const far = Math.max(ahead + reach, reach * 0.01);
  return { near: Math.max(ahead - reach, far * NEAREST_SHARE), far, middle: ahead };
}
