import { DataUtils } from 'three';

/** The light of a panorama that falls on level ground, as the path tracer's shader looks for it. */
export interface LightFromAbove {
  /** Irradiance: luminance × cosine, over the upper half of the sphere. */
  readonly light: number;
  /** Where in the height of the panorama, 0 to 1, each of equal parts of that light begins, and the last ends. */
  readonly heights: Float32Array<ArrayBuffer>;
}

/** Odd, as the edges of all tables of the tracer (see `odd-size.ts`). */
export const HEIGHTS = 1_025;

/** @param image RGBA, half floats, the lowest row first. */
export function lightFromAbove({
  data,
  widthPx,
  heightPx,
}: {
  readonly data: Uint16Array;
  readonly widthPx: number;
  readonly heightPx: number;
}): LightFromAbove {
  const upTo = new Float64Array(heightPx);
  let light = 0;
  for (let row = 0; row < heightPx; row += 1) {
    const polar = Math.PI * (1 - (row + 0.5) / heightPx);
    const share = Math.max(0, Math.cos(polar)) * Math.sin(polar);
    if (share > 0) light += share * luminanceOfRow(data, row * widthPx * 4, widthPx);
    upTo[row] = light;
  }
  const heights = new Float32Array(HEIGHTS).fill(1);
  for (let part = 0, row = 0; light > 0 && part < HEIGHTS; part += 1) {
    const sought = (light * part) / (HEIGHTS - 1);
    while (row < heightPx - 1 && ((upTo[row] ?? 0) < sought || (upTo[row] ?? 0) === 0)) row += 1;
    const before = upTo[row - 1] ?? 0;
    heights[part] = (row + (sought - before) / ((upTo[row] ?? 0) - before)) / heightPx;
  }
  return { light: (light * 2 * Math.PI * Math.PI) / (widthPx * heightPx), heights };
}

function luminanceOfRow(data: Uint16Array, from: number, widthPx: number): number {
  let sum = 0;
  for (let at = from; at < from + widthPx * 4; at += 4) {
    const [red = 0, green = 0, blue = 0] = [data[at], data[at + 1], data[at + 2]].map((half) =>
      DataUtils.fromHalfFloat(half ?? 0),
    );
    sum += 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }
  return sum;
}
