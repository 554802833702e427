/** Edge in pixels of the windows, and how far they are apart. */
const WINDOW = 7;
const STEP = 2;
/** Wang, Bovik, Sheikh and Simoncelli 2004, section III-B: K₁ = 0.01 and K₂ = 0.03 of the range. */
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

interface Pixels {
  readonly data: ArrayLike<number>;
  readonly width: number;
  readonly height: number;
}

/** 1 − the mean structural similarity of two pictures' luma. */
export function dissimilarity(a: Pixels, b: Pixels): number {
  const [lumaA, lumaB] = [lumaOf(a), lumaOf(b)];
  let [total, windows] = [0, 0];
  for (let top = 0; top + WINDOW <= a.height; top += STEP) {
    for (let left = 0; left + WINDOW <= a.width; left += STEP) {
      let [sumA, sumB, sumAa, sumBb, sumAb] = [0, 0, 0, 0, 0];
      for (let i = 0; i < WINDOW * WINDOW; i += 1) {
        const at = (top + Math.floor(i / WINDOW)) * a.width + left + (i % WINDOW);
        const [levelA = 0, levelB = 0] = [lumaA[at], lumaB[at]];
        sumA += levelA;
        sumB += levelB;
        sumAa += levelA * levelA;
        sumBb += levelB * levelB;
        sumAb += levelA * levelB;
      }
      const count = WINDOW * WINDOW;
      const [meanA, meanB] = [sumA / count, sumB / count];
      const covariance = sumAb / count - meanA * meanB;
      const variances = sumAa / count - meanA * meanA + sumBb / count - meanB * meanB;
      total += ((2 * meanA * meanB + C1) * (2 * covariance + C2)) / ((meanA ** 2 + meanB ** 2 + C1) * (variances + C2));
      windows += 1;
    }
  }
  return 1 - total / windows;
}

const lumaOf = ({ data, width, height }: Pixels): Float32Array =>
  Float32Array.from(
    { length: width * height },
    (_, i) => 0.299 * (data[i * 4] ?? 0) + 0.587 * (data[i * 4 + 1] ?? 0) + 0.114 * (data[i * 4 + 2] ?? 0),
  );
