import { type DataTexture, DataUtils } from 'three';
import { HALF_MAX, halfFloatsOf } from './panorama.ts';

/** Factor on the lamps, and light from everywhere, as of white walls: no side of a thing is black. */
const LAMPS = 0.2;
const WALLS = 0.4;
const TURN_DEG = 225;

/**
 * The photographed studio as a photographer would set it up. Its lamps are bluish: scaled so that white in it is white.
 * Turned so that its key light comes from the left of the automatic camera, and exposed so that a white surface that
 * faces the lamps just stays white.
 */
export function setUpStudio(panorama: DataTexture): void {
  const data = halfFloatsOf(panorama);
  const factors = whiteBalance(panorama).map((factor) => factor * LAMPS);
  for (let i = 0; i < data.length; i += 4) {
    for (const c of [0, 1, 2]) {
      const light = DataUtils.fromHalfFloat(data[i + c] ?? 0) * (factors[c] ?? 1) + WALLS;
      data[i + c] = DataUtils.toHalfFloat(Math.min(HALF_MAX, light));
    }
  }
  turn(panorama.image, TURN_DEG / 360);
}

/** @returns factors on red, green and blue that make its mean grey, at the same luminance. */
function whiteBalance({ image: { data, width, height } }: DataTexture): [number, number, number] {
  const sums: [number, number, number] = [0, 0, 0];
  for (let row = 0; row < height; row += 1) {
    // Part of the sphere that a pixel of this row covers.
    const weight = Math.sin(((row + 0.5) / height) * Math.PI);
    for (let i = row * width * 4; i < (row + 1) * width * 4; i += 4) {
      for (const c of [0, 1, 2] as const) sums[c] += DataUtils.fromHalfFloat(data?.[i + c] ?? 0) * weight;
    }
  }
  const [red, green, blue] = sums;
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return [luminance / red, luminance / green, luminance / blue];
}

/** @param turns of a full circle about the vertical axis. */
function turn({ data, width, height }: DataTexture['image'], turns: number): void {
  const shift = Math.round(turns * width) * 4;
  for (let row = 0; row < height; row += 1) {
    const line = data?.subarray(row * width * 4, (row + 1) * width * 4);
    const before = line?.slice();
    if (!line || !before) continue;
    line.set(before.subarray(shift));
    line.set(before.subarray(0, shift), line.length - shift);
  }
}
