/**
 * Depth of a live picture, as bytes. Every depth pixel is one byte: 0 where nothing stands, infinitely far; 1 to 255 the
 * reciprocal of the distance along the line of sight, evenly from the farthest surface of the picture to the nearest.
 * What crosses the network are the differences to what the neighbours promise, deflated without a header (RFC 1951) by
 * either end. A writer may take what is promised for what is nearly so: reciprocals are off by `depthErrorBound` at most.
 * Bytes of half of 640 × 360 beside those of a JPEG of quality 75, exact and as it is: flight helmet 43 %, 30 %; chess
 * board 28 %, 18 %; fox 50 %, 37 %; Cornell box 36 %, 33 %. A quarter takes a third to a half of that. Differences to the left
 * alone take a tenth more.
 */
import type { Size } from '../schemas/settings.ts';

export const DEPTH_CODEC = 1;

/** Distances of the nearest and the farthest surface, metres; both 1 where there is none. */
export interface DepthRange {
  readonly nearestM: number;
  readonly farthestM: number;
}

/** From the farthest surface to the nearest. */
export const DEPTH_STEPS = 254;
/** Steps that a promise may be off by and still be taken: where things move by 100 pixels, the farthest off moves by one. */
export const DEPTH_SLACK = 2;

/** Half of the picture's in both directions: one depth pixel for each 2 × 2, the nearest of them. */
export const depthSizeOf = ({ widthPx, heightPx }: Size): Size => ({
  widthPx: Math.ceil(widthPx / 2),
  heightPx: Math.ceil(heightPx / 2),
});

/** Of a reciprocal, 1/metres: half a step of rounding, and the slack. */
export const depthErrorBound = ({ nearestM, farthestM }: DepthRange): number =>
  ((0.5 + DEPTH_SLACK) * (1 / nearestM - 1 / farthestM)) / DEPTH_STEPS;

/** @returns 1/metres; 0 where nothing stands. */
export const reciprocalOf = (code: number, { nearestM, farthestM }: DepthRange): number =>
  code === 0 ? 0 : 1 / farthestM + ((code - 1) / DEPTH_STEPS) * (1 / nearestM - 1 / farthestM);

/** Where nothing stands anywhere, a picture says this: it is turned like any other. */
const RANGE_OF_NOTHING: DepthRange = { nearestM: 1, farthestM: 1 };

/** @param reciprocals 1/metres of each pixel; 0 where nothing stands. */
export function quantiseDepth(reciprocals: Float32Array): {
  readonly codes: Uint8Array<ArrayBuffer>;
  readonly range: DepthRange;
} {
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (const reciprocal of reciprocals) {
    if (reciprocal === 0) continue;
    least = Math.min(least, reciprocal);
    most = Math.max(most, reciprocal);
  }
  if (most === 0) return { codes: new Uint8Array(reciprocals.length), range: RANGE_OF_NOTHING };
  // As the header holds them.
  const range = { nearestM: Math.fround(1 / most), farthestM: Math.fround(1 / least) };
  const from = 1 / range.farthestM;
  const span = 1 / range.nearestM - from;
  const perStep = span > 0 ? DEPTH_STEPS / span : 0;
  const codes = new Uint8Array(reciprocals.length);
  for (let i = 0; i < codes.length; i++) {
    const reciprocal = reciprocals[i] ?? 0;
    codes[i] = reciprocal === 0 ? 0 : 1 + Math.round((reciprocal - from) * perStep);
  }
  return { codes, range };
}

/**
 * What comes off what the neighbours promise, row after row, the upper first. `depthCodes` makes codes of it that are
 * `DEPTH_SLACK` from these at most, and exact where nothing stands.
 */
export function depthDifferences(codes: Uint8Array, widthPx: number): Uint8Array<ArrayBuffer> {
  const differences = new Uint8Array(codes.length);
  const read = new Uint8Array(codes.length);
  for (let i = 0; i < codes.length; i++) {
    const promise = promised(read, i, widthPx);
    read[i] = nearly(codes[i] ?? 0, promise);
    differences[i] = (read[i] ?? 0) - promise;
  }
  return differences;
}

/** Differences are whole multiples of twice the slack and one, where those lead to a surface. */
function nearly(code: number, promise: number): number {
  if (code === 0 || promise === 0) return code;
  const step = 2 * DEPTH_SLACK + 1;
  const near = promise + Math.round((code - promise) / step) * step;
  return near >= 1 && near <= 255 ? near : code;
}

/** Reads `differences`, in place: they are the codes afterwards. */
export function depthCodes<T extends Uint8Array>(differences: T, widthPx: number): T {
  for (let i = 0; i < differences.length; i++) {
    differences[i] = (differences[i] ?? 0) + promised(differences, i, widthPx);
  }
  return differences;
}

/** The median of left, above and left + above − above left: across an edge the side that goes on (LOCO-I, Weinberger 1996). */
function promised(codes: Uint8Array, i: number, widthPx: number): number {
  const isFirst = i % widthPx === 0;
  const left = isFirst ? 0 : (codes[i - 1] ?? 0);
  if (i < widthPx) return left;
  const above = codes[i - widthPx] ?? 0;
  if (isFirst) return above;
  const aboveLeft = codes[i - widthPx - 1] ?? 0;
  if (aboveLeft >= Math.max(left, above)) return Math.min(left, above);
  if (aboveLeft <= Math.min(left, above)) return Math.max(left, above);
  return left + above - aboveLeft;
}
