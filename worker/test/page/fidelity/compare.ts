/** How near two pictures are to each other. */
import type { Pixels } from '../pixels.ts';

export interface Likeness {
  /** Mean structural similarity, of the channel that has the least: 1 is the same picture. */
  readonly ssim: number;
  /** Mean of the absolute differences of all channels, levels of 0 to 255. */
  readonly meanError: number;
}

/** What a picture has to keep to. */
export interface Bounds {
  /** Least. */
  readonly ssim: number;
  /** Most. */
  readonly meanError: number;
}

/** Edge in pixels of the windows, and how far they are apart. */
const WINDOW = 7;
const STEP = 2;
/** Wang, Bovik, Sheikh and Simoncelli 2004, section III-B: K₁ = 0.01 and K₂ = 0.03 of the range. */
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;
const CHANNELS = 4;

/** @throws Error when their sizes differ. */
export function likeness(a: Pixels, b: Pixels): Likeness {
  if (a.width !== b.width || a.height !== b.height) {
    throw new Error(`expected ${b.width} × ${b.height} pixels, got ${a.width} × ${a.height}`);
  }
  const channels = Array.from({ length: CHANNELS }, (_, channel) => similarity(a, b, channel));
  const sum = a.data.reduce((total, level, index) => total + Math.abs(level - (b.data[index] ?? 0)), 0);
  return { ssim: Math.min(...channels), meanError: sum / a.data.length };
}

/** What keeps two pictures from being taken for the same; null when nothing does. */
export function difference({ ssim, meanError }: Likeness, bounds: Bounds): string | null {
  const found = [
    ...(ssim < bounds.ssim ? [`SSIM ${ssim.toFixed(4)}, at least ${bounds.ssim}`] : []),
    ...(meanError > bounds.meanError ? [`mean error ${meanError.toFixed(2)}, at most ${bounds.meanError}`] : []),
  ];
  return found.length === 0 ? null : found.join('; ');
}

/** Equation 13 of the same paper, in windows of even weight. */
function similarity(a: Pixels, b: Pixels, channel: number): number {
  const { width, height } = a;
  const edge = Math.min(WINDOW, width, height);
  const count = edge * edge;
  let total = 0;
  let windows = 0;
  for (let top = 0; top + edge <= height; top += STEP) {
    for (let left = 0; left + edge <= width; left += STEP) {
      let [sumA, sumB, sumAa, sumBb, sumAb] = [0, 0, 0, 0, 0];
      for (let y = top; y < top + edge; y += 1) {
        for (let x = left; x < left + edge; x += 1) {
          const at = (y * width + x) * CHANNELS + channel;
          const [levelA = 0, levelB = 0] = [a.data[at], b.data[at]];
          sumA += levelA;
          sumB += levelB;
          sumAa += levelA * levelA;
          sumBb += levelB * levelB;
          sumAb += levelA * levelB;
        }
      }
      const [meanA, meanB] = [sumA / count, sumB / count];
      const covariance = sumAb / count - meanA * meanB;
      const variances = sumAa / count - meanA * meanA + sumBb / count - meanB * meanB;
      total += ((2 * meanA * meanB + C1) * (2 * covariance + C2)) / ((meanA ** 2 + meanB ** 2 + C1) * (variances + C2));
      windows += 1;
    }
  }
  return total / windows;
}
