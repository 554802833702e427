/** Largest finite half float. */
export const HALF_MAX = 65_504;

/** Bits of a float from which on no finite half is nearest: 65,520. */
const OVERFLOW = 0x477f_f000;
/** Of 2⁻¹⁴, the smallest normal half. */
const SMALLEST_NORMAL = 0x3880_0000;
const INFINITY_BITS = 0x7f80_0000;
/** What the exponents' biases differ by, in a float's bits: 127 − 15. */
const REBIAS = 0x3800_0000;

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/**
 * The nearest half float (IEEE 754 binary16), of two the even one. Larger than any is ±65,504: a picture has no use for
 * infinities, and most programs none either.
 *
 * `Float16Array` would do it in newer browsers; not in those that Kiln supports, nor in Node.
 */
export function halfBits(value: number): number {
  float[0] = value;
  const whole = bits[0] ?? 0;
  const sign = (whole >>> 16) & 0x8000;
  const magnitude = whole & 0x7fff_ffff;
  if (magnitude > INFINITY_BITS) return sign | 0x7e00;
  if (magnitude >= OVERFLOW) return sign | 0x7bff;
  if (magnitude < SMALLEST_NORMAL) return sign | roundHalfEven(Math.abs(float[0] ?? 0) * 2 ** 24);
  return sign | ((magnitude - REBIAS + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
