/** Statistics of a frame that does not hold the picture: of one of its passes. */
import type { Pass, PixelStatistics } from '@kiln/shared';
import { type DataPlane, PLANES_OF } from '../engine/passes/planes.ts';

const RGB = [0, 1, 2] as const;

/** What of the four values of a plane's pixel is the pass; of a matte, how much what is in front covers. */
const CHANNELS: Readonly<Record<Pass, readonly number[]>> = {
  beauty: RGB,
  noisy: RGB,
  depth: [3],
  normal: RGB,
  position: RGB,
  albedo: RGB,
  emission: RGB,
  motion: [0, 1],
  samples: [],
  'crypto-object': [1],
  'crypto-material': [1],
};

/** Where the plane of places has 0 here, nothing stands: there is neither a depth nor a position. */
const DEPTH_CHANNEL = 3;

/**
 * Least, greatest and mean value of a pass as a file of floats has it; of depth and position where something stands. All 0
 * where nothing does.
 *
 * @param planes mended.
 * @param samples of the picture.
 */
export function passStatistics(
  pass: Pass,
  planes: readonly DataPlane[],
  samples: number,
): Omit<PixelStatistics, 'nanCount'> {
  if (pass === 'samples') return { pass, min: samples, max: samples, mean: samples };
  const [name] = PLANES_OF[pass];
  const values = new Float32Array(planes.find((plane) => plane.name === name)?.values ?? new ArrayBuffer());
  let [min, max, sum, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (let i = 0; i < values.length; i += 4) {
    if (name === 'place' && values[i + DEPTH_CHANNEL] === 0) continue;
    for (const channel of CHANNELS[pass]) {
      const value = values[i + channel] ?? 0;
      if (value < min) min = value;
      if (value > max) max = value;
      sum += value;
      count += 1;
    }
  }
  return count === 0 ? { pass, min: 0, max: 0, mean: 0 } : { pass, min, max, mean: sum / count };
}
