/** From the bytes of an HDR or EXR to light around a scene. */
import { type PanoramaHeader, panoramaHeader } from '@kiln/shared';
import { DataUtils, FloatType } from 'three';
import { EXRLoader } from 'three/addons/loaders/EXRLoader.js';
import { HDRLoader } from 'three/addons/loaders/HDRLoader.js';
import { refuse } from '../import/refuse.ts';
import { PAGE_LIMITS } from '../limits.ts';
import { HALF_MAX } from '../scene/panorama.ts';
import { convert, toRec709 } from './chromaticities.ts';
import type { LightImage } from './light-pictures.ts';

/** In Rec. 709. */
export interface FloatPanorama extends LightImage {
  readonly header: PanoramaHeader;
  /** Of green, what is below 0 left aside. */
  readonly meanLight: number;
  /** From primaries of its own. */
  readonly isConverted: boolean;
  /** Values below 0, which count as 0, and above what a half float holds. */
  readonly negative: number;
  readonly cut: number;
}

/**
 * @throws KilnError `scene.…` for what is no panorama, larger than the limits, damaged, or has values that are no
 *   numbers or infinite.
 */
export function readPanorama(bytes: Uint8Array<ArrayBuffer>, path: string): FloatPanorama {
  const header = panoramaHeader(bytes, path);
  const { widthPx, heightPx } = header;
  const data = decoded(bytes, header, path);
  if (data.length !== widthPx * heightPx * 4) throw damaged(path, 'it has not all of its pixels');
  const matrix = header.chromaticities && toRec709(header.chromaticities);
  if (matrix) convert(data, matrix);
  const isConverted = matrix !== null;
  return { header, widthPx, heightPx, data, isConverted, ...checkValues(data, widthPx, heightPx, path) };
}

function decoded(bytes: Uint8Array<ArrayBuffer>, { format }: PanoramaHeader, path: string): Float32Array<ArrayBuffer> {
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  try {
    const loader = format === 'exr' ? new EXRLoader() : new HDRLoader();
    const { data, height } = loader.setDataType(FloatType).parse(buffer);
    if (!(data instanceof Float32Array)) throw new Error('it holds no floats');
    return format === 'hdr'
      ? upsideDown(data, height ?? 1)
      : new Float32Array(data.buffer as ArrayBuffer, data.byteOffset, data.length);
  } catch (error) {
    throw damaged(path, error instanceof Error ? error.message.replace(/^THREE\.\w+: /, '') : String(error));
  }
}

const damaged = (path: string, why: string) =>
  refuse('scene.bad_container', `${path} cannot be decoded: ${why}. Export or upload it again.`, path);

/** The rows of four numbers a pixel in the other order. */
export function upsideDown(data: Float32Array, height: number): Float32Array<ArrayBuffer> {
  const length = data.length / height;
  const turned = new Float32Array(data.length);
  for (let row = 0; row < height; row += 1) {
    turned.set(data.subarray(row * length, (row + 1) * length), (height - 1 - row) * length);
  }
  return turned;
}

/** Cuts what no half float holds. Counts pixels. */
function checkValues(data: Float32Array, widthPx: number, heightPx: number, path: string) {
  let [negative, cut, bad, firstBad, light] = [0, 0, 0, -1, 0];
  for (let i = 0; i < data.length; i += 4) {
    const [r = 0, g = 0, b = 0] = [data[i], data[i + 1], data[i + 2]];
    if (!Number.isFinite(r + g + b)) {
      bad += 1;
      if (firstBad < 0) firstBad = i / 4;
    } else {
      light += Math.max(0, g);
      if (Math.min(r, g, b) < 0) negative += 1;
      if (Math.max(r, g, b) > HALF_MAX) cut += 1;
    }
  }
  if (bad > 0) {
    const place = `the first in column ${firstBad % widthPx}, row ${heightPx - 1 - Math.floor(firstBad / widthPx)}`;
    const count = `${bad} ${bad === 1 ? 'pixel' : 'pixels'}`;
    throw refuse('scene.invalid', `${path} has ${count} that are no numbers or infinite, ${place}: mend it.`, path);
  }
  return { negative, cut, meanLight: light / (data.length / 4) };
}

/** Light in RGBA half floats, the lowest row first. */
export interface HalfImage {
  readonly data: Uint16Array<ArrayBuffer>;
  readonly widthPx: number;
  readonly heightPx: number;
}

export interface PanoramaImages {
  /** For backgrounds and path tracing. */
  readonly full: HalfImage;
  /** To be filtered for raster's reflections. */
  readonly small: HalfImage;
}

export const panoramaImages = (source: LightImage): PanoramaImages => ({
  full: halfImage(source, PAGE_LIMITS.panoramaPx),
  small: halfImage(source, PAGE_LIMITS.reflectedPanoramaPx),
});

/** In half floats, each pixel the mean of those that it stands for. */
function halfImage({ widthPx, heightPx, data }: LightImage, mostPx: number): HalfImage {
  const height = Math.max(1, Math.floor(heightPx / Math.ceil(widthPx / mostPx)));
  const width = height * 2;
  const halves = new Uint16Array(width * height * 4);
  const one = DataUtils.toHalfFloat(1);
  const startX = (x: number) => Math.floor((x * widthPx) / width);
  const startY = (y: number) => Math.floor((y * heightPx) / height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const sum = [0, 0, 0];
      let count = 0;
      for (let row = startY(y); row < startY(y + 1); row += 1) {
        for (let column = startX(x); column < startX(x + 1); column += 1) {
          const at = (row * widthPx + column) * 4;
          for (let c = 0; c < 3; c += 1) sum[c] = (sum[c] ?? 0) + clamped(data[at + c] ?? 0);
          count += 1;
        }
      }
      const to = (y * width + x) * 4;
      for (let c = 0; c < 3; c += 1) halves[to + c] = DataUtils.toHalfFloat((sum[c] ?? 0) / count);
      halves[to + 3] = one;
    }
  }
  return { data: halves, widthPx: width, heightPx: height };
}

const clamped = (light: number) => Math.min(HALF_MAX, Math.max(0, light));
