import sharp from 'sharp';

/** Edge in pixels of the windows, and how far they are apart. */
const WINDOW = 7;
const STEP = 2;
/** Wang, Bovik, Sheikh and Simoncelli 2004, section III-B: K₁ = 0.01 and K₂ = 0.03 of the range. */
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

/** 1 − the mean structural similarity of two pictures' luma, of files of the same size. */
export async function dissimilarity(fileA: Uint8Array, fileB: Uint8Array): Promise<number> {
  const [a, b] = await Promise.all([lumaOf(fileA), lumaOf(fileB)]);
  const { width, height } = a.info;
  let [total, windows] = [0, 0];
  for (let top = 0; top + WINDOW <= height; top += STEP) {
    for (let left = 0; left + WINDOW <= width; left += STEP) {
      let [sumA, sumB, sumAa, sumBb, sumAb] = [0, 0, 0, 0, 0];
      for (let i = 0; i < WINDOW * WINDOW; i += 1) {
        const at = (top + Math.floor(i / WINDOW)) * width + left + (i % WINDOW);
        const [levelA = 0, levelB = 0] = [a.data[at], b.data[at]];
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

const lumaOf = (file: Uint8Array) => sharp(file).greyscale().raw().toBuffer({ resolveWithObject: true });
