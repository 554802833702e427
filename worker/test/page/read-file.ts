/** Reads pictures of any bit depth by programs that are not ours: sharp, and three's EXRLoader. */
import type { BitDepth, ImageFormat } from '@kiln/shared';
import sharp from 'sharp';
import { FloatType } from 'three';
import { EXRLoader } from 'three/addons/loaders/EXRLoader.js';

export interface ReadPicture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** From the top, white being 1. */
  readonly values: Float32Array;
  /** Of the pixel in the middle. */
  readonly middle: readonly number[];
}

/** An OpenEXR of R, G, B and A. */
export function readExr(file: Uint8Array): ReadPicture {
  const { data, width = 0, height = 0 } = new EXRLoader().setDataType(FloatType).parse(new Uint8Array(file).buffer);
  if (!(data instanceof Float32Array)) throw new Error('no floats');
  // It gives the lowest row first.
  const values = new Float32Array(data.length);
  const rowLength = width * 4;
  for (let y = 0; y < height; y += 1) {
    values.set(data.subarray(y * rowLength, (y + 1) * rowLength), (height - 1 - y) * rowLength);
  }
  return picture(values, width, height, 4);
}

/** Colours as they lie in the file; associated alpha, which floats have, is divided by. */
export async function readPicture(file: Uint8Array, format: ImageFormat, bitDepth: BitDepth): Promise<ReadPicture> {
  if (format === 'exr') return readExr(file);
  const { space, depth, white } = KINDS[bitDepth];
  const { data, info } = await sharp(file, { ignoreIcc: true })
    .pipelineColourspace(space)
    .toColourspace(space)
    .raw({ depth })
    .toBuffer({ resolveWithObject: true });
  const { buffer } = new Uint8Array(data);
  const levels =
    depth === 'uchar'
      ? new Uint8Array(buffer)
      : depth === 'ushort'
        ? new Uint16Array(buffer)
        : new Float32Array(buffer);
  const values = Float32Array.from(levels, (level) => level / white);
  return picture(values, info.width, info.height, info.channels);
}

const FLOATS = { space: 'scrgb', depth: 'float', white: 1 } as const;
const KINDS = {
  8: { space: 'srgb', depth: 'uchar', white: 255 },
  16: { space: 'rgb16', depth: 'ushort', white: 65_535 },
  half: FLOATS,
  float: FLOATS,
} as const;

function picture(values: Float32Array, width: number, height: number, channels: number): ReadPicture {
  const at = (Math.floor(height / 2) * width + Math.floor(width / 2)) * channels;
  return { width, height, channels, values, middle: [...values.subarray(at, at + channels)] };
}
