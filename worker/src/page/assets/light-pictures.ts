/** Light from all around in pictures that are no panorama file, and the panorama that they make. */
import { DataUtils, Quaternion, Vector3 } from 'three';
import { refuse } from '../import/refuse.ts';
import type { Turn } from '../scene/environment-def.ts';
import { HALF_MAX } from '../scene/panorama.ts';
import { decodePicture, type PicturePixels } from './decode-picture.ts';
import { paintedSize } from './painted-size.ts';

/** Linear light, RGBA, the lowest row first. */
export interface LightImage {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly data: Float32Array<ArrayBuffer>;
}

export interface PictureFile {
  readonly file: Uint8Array<ArrayBuffer>;
  readonly mediaType: string;
}

export interface LightPictures {
  /** One that is equirectangular, or the faces of a cube: right, left, up, down, front, back, each seen from inside. */
  readonly pictures: readonly (PictureFile | PicturePixels)[];
  /** Of bytes. `rgbd`: divided by alpha, after a curve of 2.2. */
  readonly coding: 'linear' | 'srgb' | 'rgbd';
  /** Its first row is the last one of the texture. */
  readonly isFlipped: boolean;
  readonly turn: Turn;
  /** On its light. */
  readonly factor: number;
  /** For errors. */
  readonly place: string;
}

/** Light of one picture at a place in it, 0 to 1 from the first column and row of the texture, added to `into`. */
type Reader = (u: number, v: number, into: Vector3) => void;

/** @throws KilnError `scene.invalid` for files that cannot be decoded. */
export async function paintPanorama(light: LightPictures): Promise<LightImage> {
  const pictures: PicturePixels[] = [];
  for (const picture of light.pictures) {
    pictures.push('data' in picture ? picture : await decoded(picture, light.place));
  }
  const [first] = pictures;
  if (!first) throw new Error('light of no pictures');
  const isCube = pictures.length > 1;
  const readers = pictures.map((picture) => readerOf(picture, light, !isCube));
  const { widthPx, heightPx } = paintedSize(isCube ? first.heightPx * 2 : first.heightPx);
  const data = new Float32Array(widthPx * heightPx * 4);
  const back = new Quaternion().fromArray([...light.turn]).invert();
  const [toward, color] = [new Vector3(), new Vector3()];
  const isTurned = Math.abs(back.w) < 1;
  for (let row = 0; row < heightPx; row += 1) {
    const v = (row + 0.5) / heightPx;
    for (let column = 0; column < widthPx; column += 1) {
      const u = (column + 0.5) / widthPx;
      color.set(0, 0, 0);
      if (isCube || isTurned) {
        // As three looks panoramas up: its `equirectUv`.
        const [around, up] = [(u - 0.5) * 2 * Math.PI, (v - 0.5) * Math.PI];
        toward.set(Math.cos(around) * Math.cos(up), Math.sin(up), Math.sin(around) * Math.cos(up));
        if (isTurned) toward.applyQuaternion(back);
        if (isCube) readCube(readers, toward, color);
        else readers[0]?.(Math.atan2(toward.z, toward.x) / (2 * Math.PI) + 0.5, elevation(toward), color);
      } else readers[0]?.(u, v, color);
      const at = (row * widthPx + column) * 4;
      data[at] = lightOf(color.x * light.factor);
      data[at + 1] = lightOf(color.y * light.factor);
      data[at + 2] = lightOf(color.z * light.factor);
      data[at + 3] = 1;
    }
  }
  return { widthPx, heightPx, data };
}

const elevation = ({ y }: Vector3) => Math.asin(Math.min(1, Math.max(-1, y))) / Math.PI + 0.5;

/** What is no number is no light. */
const lightOf = (value: number) => (value > 0 ? Math.min(HALF_MAX, value) : 0);

async function decoded({ file, mediaType }: PictureFile, place: string): Promise<PicturePixels> {
  try {
    return await decodePicture(file, mediaType);
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
    throw refuse('scene.invalid', `An image of the environment cannot be decoded: ${why}. Save it again.`, place);
  }
}

/**
 * As graphics interfaces look cubes up (OpenGL ES 3.0, section 3.8.10), whose left is the right of a scene: each face has a
 * major axis, and coordinates along the two others.
 */
function readCube(readers: readonly Reader[], { x: right, y, z }: Vector3, into: Vector3): void {
  const x = -right;
  const [ax, ay, az] = [Math.abs(x), Math.abs(y), Math.abs(z)];
  let [face, s, t, major] = [z > 0 ? 4 : 5, z > 0 ? x : -x, -y, az];
  if (ax >= ay && ax >= az) [face, s, t, major] = [x > 0 ? 0 : 1, x > 0 ? -z : z, -y, ax];
  else if (ay >= az) [face, s, t, major] = [y > 0 ? 2 : 3, x, y > 0 ? z : -z, ay];
  readers[face]?.((s / major + 1) / 2, (t / major + 1) / 2, into);
}

/** Linear between pixels. @param wraps the last column is beside the first. */
function readerOf(
  { widthPx, heightPx, data }: PicturePixels,
  { coding, isFlipped }: LightPictures,
  wraps: boolean,
): Reader {
  const pixel = pixelReader(data, coding);
  const column = (x: number) => (wraps ? (x + widthPx) % widthPx : Math.min(widthPx - 1, Math.max(0, x)));
  const row = (y: number) => Math.min(heightPx - 1, Math.max(0, y));
  return (u, v, into) => {
    const x = u * widthPx - 0.5;
    const y = (isFlipped ? 1 - v : v) * heightPx - 0.5;
    const [left, top] = [Math.floor(x), Math.floor(y)];
    const [partX, partY] = [x - left, y - top];
    const add = (dx: number, dy: number, share: number) => {
      if (share > 0) pixel((row(top + dy) * widthPx + column(left + dx)) * 4, share, into);
    };
    add(0, 0, (1 - partX) * (1 - partY));
    add(1, 0, partX * (1 - partY));
    add(0, 1, (1 - partX) * partY);
    add(1, 1, partX * partY);
  };
}

/** Adds a share of the light of the pixel at an index of the data. */
function pixelReader(data: PicturePixels['data'], coding: LightPictures['coding']) {
  const at = linearReader(data, coding);
  return (index: number, share: number, into: Vector3) => {
    const depth = coding === 'rgbd' && isBytes(data) ? (data[index + 3] ?? 0) / 255 : 1;
    if (depth === 0) return;
    const factor = share / depth;
    into.x += at(index) * factor;
    into.y += at(index + 1) * factor;
    into.z += at(index + 2) * factor;
  };
}

const isBytes = (data: PicturePixels['data']): data is Uint8Array | Uint8ClampedArray =>
  data instanceof Uint8Array || data instanceof Uint8ClampedArray;

function linearReader(data: PicturePixels['data'], coding: LightPictures['coding']): (index: number) => number {
  if (data instanceof Float32Array) return (index) => data[index] ?? 0;
  if (data instanceof Uint16Array) return (index) => DataUtils.fromHalfFloat(data[index] ?? 0);
  const table = Float32Array.from({ length: 256 }, (_, byte) => CURVES[coding](byte / 255));
  return (index) => table[data[index] ?? 0] ?? 0;
}

const CURVES = {
  linear: (value: number) => value,
  srgb: (value: number) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4),
  rgbd: (value: number) => value ** 2.2,
} as const satisfies Record<LightPictures['coding'], (value: number) => number>;
