/**
 * Pictures as films hold them. Chromium's own way from RGB is BT.601 whatever is asked for, which shows in every red; so
 * it is done here, and the encoder gets what it keeps.
 */

/** ITU-R BT.709-6, section 3: luma of R′G′B′ and the two colour differences, in limited range of 8 bits. */
export const BT709_LIMITED = { primaries: 'bt709', transfer: 'bt709', matrix: 'bt709', fullRange: false } as const;

/** Fixed point of 16 bits: 219 levels of luma, 224 of chroma, for 255 levels of R′G′B′. */
const ONE = 65_536;
const LUMA = 219 / 255;
const CHROMA = 224 / 255;
const YR = Math.round(0.2126 * LUMA * ONE);
const YG = Math.round(0.7152 * LUMA * ONE);
const YB = Math.round(0.0722 * LUMA * ONE);
const CB_R = Math.round((-0.2126 / 1.8556) * CHROMA * ONE);
const CB_G = Math.round((-0.7152 / 1.8556) * CHROMA * ONE);
const CB_B = -CB_R - CB_G;
const CR_G = Math.round((-0.7152 / 1.5748) * CHROMA * ONE);
const CR_B = Math.round((-0.0722 / 1.5748) * CHROMA * ONE);
const CR_R = -CR_G - CR_B;
const HALF = ONE / 2;

/** Bytes of a picture of even edges. */
export const i420Bytes = (widthPx: number, heightPx: number): number => (widthPx * heightPx * 3) / 2;

/**
 * Planes Y, U and V one after the other; chroma is the mean of four pixels.
 *
 * @param rgba of sRGB, width × height × 4; edges are even.
 * @param out `i420Bytes` long
 */
export function toI420(rgba: Uint8ClampedArray, widthPx: number, heightPx: number, out: Uint8Array): void {
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
        const red = rgba[at] ?? 0;
        const green = rgba[at + 1] ?? 0;
        const blue = rgba[at + 2] ?? 0;
        out[row * widthPx + column] = 16 + ((YR * red + YG * green + YB * blue + HALF) >> 16);
        r += red;
        g += green;
        b += blue;
      }
      // Sums of four: two bits more.
      out[u++] = 128 + ((CB_R * r + CB_G * g + CB_B * b + 2 * ONE) >> 18);
      out[v++] = 128 + ((CR_R * r + CR_G * g + CR_B * b + 2 * ONE) >> 18);
    }
  }
}
