/** Where a camera is on its path: the same for whoever asks. */
import { KilnError } from './errors.ts';
import { PosePath } from './live/pose-path.ts';
import { cameraPathOf } from './live/session-path.ts';
import { CameraPath, type PathKey, type PlacedCamera, type Vector3 } from './schemas/settings.ts';
import { parse } from './validate.ts';

const LENS_FIELDS = ['fovDeg', 'focalLengthMm', 'heightM'] as const;

/** Cosine of the angle to the line of sight above which what is up says nothing. */
const ALONG = 0.999_999;

/** When a key is, seconds. */
const timeOf = ({ frame, timeSec }: PathKey, fps: number): number => timeSec ?? (frame ?? 0) / fps;

/**
 * The camera at a time. Position and target move on their own curves, so that what is looked at stays in the middle; what
 * is up turns from key to key; the picture's height at one metre changes by even factors.
 *
 * @param camera checked by `checkPath`.
 */
export function pathCamera(camera: CameraPath, fps: number, timeSec: number): PlacedCamera {
  const { path, interpolation = 'smooth' } = camera;
  const next = path.findIndex((key) => timeOf(key, fps) > timeSec);
  const [first, last] = [path[0], path.at(-1)];
  if (!first || !last) throw new Error('a path has at least one key');
  if (next === 0) return placed(first);
  const [from, to] = [path[next - 1], path[next]];
  if (next < 0 || !from || !to) return placed(last);
  const start = timeOf(from, fps);
  const share = (timeSec - start) / (timeOf(to, fps) - start);
  if (share === 0) return placed(from);
  const around = [path[next - 2] ?? null, from, to, path[next + 1] ?? null] as const;
  const mix = (numbersOf: (key: PathKey) => readonly number[]) =>
    interpolation === 'linear' ? line(numbersOf(from), numbersOf(to), share) : curve(around, numbersOf, share);
  const position = triple(mix((key) => key.position));
  const target = triple(mix((key) => key.target));
  const [logHeight = 0] = mix((key) => [Math.log(heightOf(key))]);
  return { ...seen(position, target, from, to, share), ...lensOf(first, Math.exp(logHeight)) };
}

/** Target and up, also where the curves of position and target meet, or one looks along what is up. */
function seen(position: Vector3, target: Vector3, from: PathKey, to: PathKey, share: number) {
  const up = triple(line(uprightOf(from), uprightOf(to), share));
  const ahead = minus(target, position);
  if (isAside(up, ahead)) return { position, target, up };
  const between = triple(line(unit(aheadOf(from)), unit(aheadOf(to)), share));
  const isTurn = isAside(up, between);
  const direction = isTurn ? between : aheadOf(from);
  return { position, target: plus(position, direction), up: isTurn ? up : uprightOf(from) };
}

/** A key as a camera by numbers; with what is up as `viewOf` of the engines has it. */
function placed(key: PathKey): PlacedCamera {
  const { position, target, up } = key;
  return { position, target, ...(up ? { up } : {}), ...lensOf(key, heightOf(key)) };
}

/** Height of the picture at one metre, or of an orthographic one. */
function heightOf({ fovDeg, focalLengthMm, sensorHeightMm = 24, heightM }: PathKey): number {
  if (heightM !== undefined) return heightM;
  if (focalLengthMm !== undefined) return sensorHeightMm / focalLengthMm;
  return 2 * Math.tan(((fovDeg ?? 0) * Math.PI) / 360);
}

function lensOf({ heightM, focalLengthMm, sensorHeightMm = 24 }: PathKey, height: number) {
  if (heightM !== undefined) return { heightM: height };
  if (focalLengthMm !== undefined) return { focalLengthMm: sensorHeightMm / height, sensorHeightMm };
  return { fovDeg: (2 * Math.atan(height / 2) * 180) / Math.PI };
}

/** The frames from the first key of the longest path to its last, as an expression. */
export function pathFrames(paths: readonly CameraPath[], fps: number): string {
  const frames = paths.flatMap(({ path }) => path).map((key) => Math.round(timeOf(key, fps) * fps));
  const [first, last] = [Math.min(...frames), Math.max(...frames)];
  return first === last ? String(first) : `${first}-${last}`;
}

/**
 * A path as people write it: a list of keys, or an object with it; or a recorded session, whose way it is.
 *
 * @throws KilnError `request.invalid` whose message says where.
 */
export function readPath(json: unknown, fps: number): CameraPath {
  const path = isRecorded(json)
    ? cameraPathOf(parse(PosePath, json, 'the recorded session'))
    : parse(CameraPath, Array.isArray(json) ? { path: json } : json, 'the camera path');
  try {
    checkPath(path, fps, '');
  } catch (cause) {
    if (!(cause instanceof KilnError)) throw cause;
    throw new KilnError(cause.code, `${cause.field}: ${cause.message}`, { cause });
  }
  return path;
}

const isRecorded = (json: unknown): boolean => typeof json === 'object' && json !== null && 'poses' in json;

/**
 * Whether the path can be flown.
 *
 * @param field of the camera.
 * @throws KilnError `request.invalid` with the key's field.
 */
export function checkPath({ path }: CameraPath, fps: number, field: string): void {
  const lensKeys = (key: PathKey) => LENS_FIELDS.filter((name) => key[name] !== undefined);
  let before = Number.NEGATIVE_INFINITY;
  for (const [index, key] of path.entries()) {
    const at = `${field}/path/${index}`;
    const refuse = (name: string, message: string) =>
      new KilnError('request.invalid', message, { field: `${at}${name}` });
    if ((key.frame === undefined) === (key.timeSec === undefined)) {
      throw refuse('', 'expected either frame or timeSec: when the camera is there');
    }
    const time = timeOf(key, fps);
    if (!(time > before)) {
      const name = key.frame === undefined ? 'timeSec' : 'frame';
      throw refuse(`/${name}`, `expected a time after the key before, at ${before} seconds, got ${time}`);
    }
    before = time;
    const [lens, ...more] = lensKeys(key);
    const [first] = lensKeys(path[0] ?? key);
    if (lens === undefined || more.length > 0) throw refuse('', `expected one of ${LENS_FIELDS.join(', ')}`);
    if (lens !== first) throw refuse(`/${lens}`, `expected ${first}, as the first key has it: a lens keeps its kind`);
    if (lens !== 'focalLengthMm' && key.sensorHeightMm !== undefined) {
      throw refuse('/sensorHeightMm', 'expected a focal length beside the height of a sensor');
    }
    const distance = Math.fround(Math.hypot(...aheadOf(key)));
    if (!(distance > 0 && distance < Number.POSITIVE_INFINITY)) {
      throw refuse('/target', `expected a target away from the camera’s position, got ${key.target.join(', ')}`);
    }
    if (key.up && !isAside(key.up, aheadOf(key))) {
      throw refuse('/up', `expected what is up beside the line of sight, got ${key.up.join(', ')}`);
    }
  }
}

const aheadOf = ({ position, target }: PathKey): Vector3 => minus(target, position);

/** What is up in the picture of a key, at right angles to the line of sight. */
function uprightOf(key: PathKey): Vector3 {
  const ahead = unit(aheadOf(key));
  const up = key.up ?? (Math.abs(ahead[1]) > ALONG ? [0, 0, -1] : [0, 1, 0]);
  const along = ahead[0] * up[0] + ahead[1] * up[1] + ahead[2] * up[2];
  return unit([up[0] - along * ahead[0], up[1] - along * ahead[1], up[2] - along * ahead[2]]);
}

/** Whether two directions are two. */
function isAside(a: Vector3, b: Vector3): boolean {
  const across = Math.hypot(a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]);
  return across > 1e-6 * Math.hypot(...a) * Math.hypot(...b);
}

/**
 * Centripetal Catmull–Rom curve through four keys, by Barry and Goldman's pyramid (1988; Yuksel, Schaefer and Keyser 2011):
 * between two keys it has neither loops nor cusps. Where there is no key before or after, the way goes on straight.
 */
function curve(
  [before, from, to, after]: readonly [PathKey | null, PathKey, PathKey, PathKey | null],
  numbersOf: (key: PathKey) => readonly number[],
  share: number,
): number[] {
  const [b, c] = [numbersOf(from), numbersOf(to)];
  const a = before ? numbersOf(before) : b.map((value, i) => 2 * value - (c[i] ?? 0));
  const d = after ? numbersOf(after) : c.map((value, i) => 2 * value - (b[i] ?? 0));
  const span = (p: readonly number[], q: readonly number[]) =>
    Math.sqrt(Math.hypot(...p.map((v, i) => (q[i] ?? 0) - v)));
  const [ab, bc, cd] = [span(a, b), span(b, c), span(c, d)];
  if (bc === 0) return [...b];
  const t = share * bc;
  // Keys at one place have no way between them.
  const a1 = ab === 0 ? b : line(a, b, (t + ab) / ab);
  const a2 = line(b, c, share);
  const a3 = cd === 0 ? c : line(c, d, (t - bc) / cd);
  const b1 = line(a1, a2, (t + ab) / (ab + bc));
  const b2 = line(a2, a3, t / (bc + cd));
  return line(b1, b2, share);
}

const line = (a: readonly number[], b: readonly number[], share: number): number[] =>
  a.map((value, i) => value + ((b[i] ?? 0) - value) * share);

const triple = ([x = 0, y = 0, z = 0]: readonly number[]): Vector3 => [x, y, z];
const minus = (a: Vector3, b: Vector3): Vector3 => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const plus = (a: Vector3, b: Vector3): Vector3 => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];

function unit(vector: Vector3): Vector3 {
  const length = Math.hypot(...vector);
  return [vector[0] / length, vector[1] / length, vector[2] / length];
}
