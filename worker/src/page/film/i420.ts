/**
 * Pictures as videos hold them. Chromium's own way from RGB is BT.601 whatever is asked for, which shows in every red; so
 * it is done here, and the encoder gets what it keeps.
 */

/** ITU-R BT.709-6, section 3: luma of R′G′B′ and the two colour differences, in limited range of 8 bits. */
export const BT709_LIMITED = { primaries: 'bt709', transfer: 'bt709', matrix: 'bt709', fullRange: false } as const;

/** As JFIF has it: ITU-R BT.601, full range. What reads a live view's JPEGs reads its videos. */
export const JFIF = { primaries: 'bt709', transfer: 'bt709', matrix: 'smpte170m', fullRange: true } as const;

/** Fixed point of 16 bits. */
const ONE = 65_536;
const HALF = ONE / 2;

/** Bytes of a picture of even edges. */
export const i420Bytes = (widthPx: number, heightPx: number): number => (widthPx * heightPx * 3) / 2;

/**
 * Planes Y, U and V one after the other; chroma is the mean of four pixels.
 *
 * @param rgba of sRGB, width × height × 4; edges are even.
 * @param out `i420Bytes` long
 */
export type ToI420 = (rgba: Uint8Array | Uint8ClampedArray, widthPx: number, heightPx: number, out: Uint8Array) => void;

/** Of 8 bits; limited range has 219 levels of luma and 224 of chroma for 255 levels of R′G′B′. */
export const toI420 = converter(0.2126, 0.0722, 219 / 255, 224 / 255, 16);
export const toJfif = converter(0.299, 0.114, 1, 1, 0);

/** @param red and blue: share of luma. */
function converter(red: number, blue: number, luma: number, chroma: number, black: number): ToI420 {
  const green = 1 - red - blue;
  const of = (share: number, range: number) => Math.round(share * range * ONE);
  const [yr, yg, yb] = [of(red, luma), of(green, luma), of(blue, luma)];
  const [cbRed, cbGreen] = [of(-red / (2 - 2 * blue), chroma), of(-green / (2 - 2 * blue), chroma)];
  const [crGreen, crBlue] = [of(-green / (2 - 2 * red), chroma), of(-blue / (2 - 2 * red), chroma)];
  const [cbBlue, crRed] = [-cbRed - cbGreen, -crGreen - crBlue];
  return (rgba, widthPx, heightPx, out) => {
    const stride = widthPx * 4;
    let u = widthPx * heightPx;
    let v = u + (widthPx * heightPx) / 4;
    for (let y = 0; y < heightPx; y += 2) {
      for (let x = 0; x < widthPx; x += 2) {
        let [r, g, b] = [0, 0, 0];
        for (let place = 0; place < 4; place++) {
          const row = y + (place >> 1);
          const column = x + (place & 1);
          const at = row * stride + column * 4;
          const [redAt, greenAt, blueAt] = [rgba[at] ?? 0, rgba[at + 1] ?? 0, rgba[at + 2] ?? 0];
          out[row * widthPx + column] = black + ((yr * redAt + yg * greenAt + yb * blueAt + HALF) >> 16);
          r += redAt;
          g += greenAt;
          b += blueAt;
        }
        // Sums of four: two bits more. Blue, or red, alone may come to half a level above the highest.
        out[u++] = Math.min(255, 128 + ((cbRed * r + cbGreen * g + cbBlue * b + 2 * ONE) >> 18));
        out[v++] = Math.min(255, 128 + ((crRed * r + crGreen * g + crBlue * b + 2 * ONE) >> 18));
      }
    }
  };
}
