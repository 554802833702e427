/** What a job is seen from: one of the scene's cameras, where the live view looks from, a path of keys; and more beside it. */
import {
  type CameraChoice,
  type CameraPath,
  type ExplicitCamera,
  KilnError,
  LIMITS,
  type PathKey,
  type PlacedCamera,
  pathCamera,
  pathFrames,
  readPath,
  type Vector3,
} from '@kiln/shared';

export type CameraPick =
  | { readonly kind: 'auto' }
  | { readonly kind: 'scene'; readonly name: string }
  /** Where the person has turned the live view to. */
  | { readonly kind: 'current' }
  /** Along the keys of the form's path. */
  | { readonly kind: 'path' };

export interface CameraForm {
  readonly camera: CameraPick;
  /** Cameras of the scene that render the same, each into a folder of its own. */
  readonly moreCameras: readonly string[];
  /** Without keys while there is none. */
  readonly path: CameraPath;
}

export const NO_PATH: CameraPath = { path: [] };

/** As the farm knows it; null where a camera by numbers is meant. */
export const cameraName = (pick: CameraPick): string | null =>
  pick.kind === 'auto' ? 'auto' : pick.kind === 'scene' ? pick.name : null;

/** Those beside the chosen one. */
export const otherCameras = ({ camera, moreCameras }: CameraForm): string[] =>
  moreCameras.filter((name) => name !== cameraName(camera));

/** @param view where the live view looks from, for the pick `current`. */
export function camerasOf(form: CameraForm, view: ExplicitCamera | null): CameraChoice[] {
  const { camera, path } = form;
  const numbers = camera.kind === 'path' ? (path.path.length > 0 ? path : null) : view;
  return [cameraName(camera) ?? numbers ?? 'auto', ...otherCameras(form)];
}

/** What keeps the cameras from being rendered. */
export function cameraFault({ camera, path }: CameraForm, fps: number, view: ExplicitCamera | null): string | null {
  if (camera.kind === 'current' && !view) {
    return 'The live view has not shown the scene yet. Choose another camera, or wait for it.';
  }
  if (camera.kind !== 'path') return null;
  if (path.path.length === 0) return 'The path has no key yet. Turn the live view, and add one where it looks from.';
  if (path.path.length > LIMITS.pathKeys) return `A path has at most ${LIMITS.pathKeys} keys.`;
  return faultOf(() => readPath(path, fps));
}

/** @throws KilnError `request.invalid`, or SyntaxError where it is no JSON. */
export const pathOfText = (text: string, fps: number): CameraPath => readPath(JSON.parse(text), fps);

/** What is wrong with a path as text; null when nothing is. */
export const textFault = (text: string, fps: number): string | null => faultOf(() => pathOfText(text, fps));

function faultOf(check: () => unknown): string | null {
  try {
    check();
    return null;
  } catch (error) {
    if (error instanceof SyntaxError) return 'It is no JSON.';
    if (!(error instanceof KilnError)) throw error;
    return `${error.message}.`;
  }
}

/** A key on a line, as the command line reads it from a file. */
export function textOfPath({ path, interpolation }: CameraPath): string {
  const keys = `[\n${path.map((key) => `  ${JSON.stringify(key)}`).join(',\n')}\n]`;
  return interpolation === 'linear' ? `{ "interpolation": "linear", "path": ${keys} }` : keys;
}

/** The frame that a key is at. */
export const keyFrame = ({ frame, timeSec }: PathKey, fps: number): number => frame ?? (timeSec ?? 0) * fps;

/** The frame for a new key: the one that is shown, unless there is a key; then a second after the last. */
export function newKeyFrame({ path }: CameraPath, shown: number, fps: number): number {
  if (!path.some((key) => keyFrame(key, fps) === shown)) return shown;
  return Math.round(Math.max(...path.map((key) => keyFrame(key, fps))) + Math.max(1, fps));
}

/** Thousandths of a metre and of a degree are enough to find a view again, and keep the file readable. */
const rounded = (value: number) => Math.round(value * 1_000) / 1_000;
const point = ([x, y, z]: Vector3): Vector3 => [rounded(x), rounded(y), rounded(z)];

/** A key with the kind of lens that the path has. */
export function keyAt(frame: number, view: ExplicitCamera, { path: [first] }: CameraPath): PathKey {
  const place = { frame, position: point(view.position), target: point(view.target) };
  const heightAtOneM = 2 * Math.tan((view.fovDeg * Math.PI) / 360);
  if (first?.focalLengthMm !== undefined) {
    const { sensorHeightMm = 24 } = first;
    return { ...place, focalLengthMm: rounded(sensorHeightMm / heightAtOneM), sensorHeightMm };
  }
  if (first?.heightM !== undefined) return { ...place, heightM: rounded(heightAtOneM * distanceOf(view)) };
  return { ...place, fovDeg: rounded(view.fovDeg) };
}

/** The path with a key more, in the order of their times; one at the same time gives way. */
export function withKey(path: CameraPath, key: PathKey, fps: number): CameraPath {
  const at = keyFrame(key, fps);
  const others = path.path.filter((other) => keyFrame(other, fps) !== at);
  return { ...path, path: [...others, key].sort((a, b) => keyFrame(a, fps) - keyFrame(b, fps)) };
}

/** The path with another camera at one of its keys, or without it. */
export function withKeyAt(path: CameraPath, index: number, key: PathKey | null): CameraPath {
  return { ...path, path: path.path.flatMap((other, i) => (i !== index ? [other] : key ? [key] : [])) };
}

/** All of the path, as a frame expression; null without keys. */
export const framesOfPath = (path: CameraPath, fps: number): string | null =>
  path.path.length > 0 ? pathFrames([path], fps) : null;

/** Where the path's camera looks from, as far as the live view can show it: an orthographic one by its middle. */
export function viewOnPath(path: CameraPath, fps: number, frameNumber: number): ExplicitCamera | null {
  if (faultOf(() => readPath(path, fps)) !== null) return null;
  const camera = pathCamera(path, fps, frameNumber / fps);
  return { position: camera.position, target: camera.target, fovDeg: fovOf(camera) };
}

function fovOf(camera: PlacedCamera): number {
  if ('fovDeg' in camera) return camera.fovDeg;
  const half =
    'heightM' in camera
      ? camera.heightM / 2 / distanceOf(camera)
      : (camera.sensorHeightMm ?? 24) / 2 / camera.focalLengthMm;
  return (2 * Math.atan(half) * 180) / Math.PI;
}

const distanceOf = ({ position, target }: Pick<ExplicitCamera, 'position' | 'target'>) =>
  Math.hypot(target[0] - position[0], target[1] - position[1], target[2] - position[2]);
