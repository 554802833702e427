/** 1/φ₂ and 1/φ₂², φ₂ the root of x³ = x + 1: the R2 sequence (Roberts 2018), of low discrepancy for any count. */
const STEP_X = 0.754_877_666_246_692_7;
const STEP_Y = 0.569_840_290_998_053_3;

/**
 * Where in its pixel raster sample `index` looks, from −0.5 to 0.5 of a pixel. The first of many, and an only one, look
 * at the centre.
 */
export function subPixelOffset(index: number): { readonly x: number; readonly y: number } {
  const part = (step: number) => ((0.5 + index * step) % 1) - 0.5;
  return { x: part(STEP_X), y: part(STEP_Y) };
}
