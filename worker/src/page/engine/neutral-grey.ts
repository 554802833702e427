import type { ToneMapping } from '@kiln/shared';

/** What the neutral background looks like on every display: sRGB 8-bit level, of all three channels. */
const NEUTRAL_LEVEL = 150;

/** Largest finite half float: what a sample can hold. */
const HALF_MAX = 65_504;

const clamp01 = (x: number) => Math.min(1, Math.max(0, x));
const linearOf = (level: number) => ((level / 255 + 0.055) / 1.055) ** 2.4;

/** The tone curves for grey, as three's shader chunk `tonemapping_pars_fragment` has them for colours. */
const GREY_CURVE: Record<ToneMapping, (x: number) => number> = {
  none: clamp01,
  neutral: (x) => {
    const shifted = x - (x < 0.08 ? x - 6.25 * x * x : 0.04);
    return shifted < 0.76 ? shifted : 1 - 0.0576 / (shifted - 0.52);
  },
  aces: (x) => {
    const v = x / 0.6;
    return clamp01((v * (v + 0.0245786) - 0.000090537) / (v * (0.983729 * v + 0.432951) + 0.238081));
  },
  agx: (x) => {
    const v = clamp01((Math.log2(Math.max(x, 1e-10)) + 12.47393) / 16.499999);
    const y = v * (0.1191 + v * (0.4298 + v * (-6.868 + v * (31.96 + v * (-40.14 + v * 15.5))))) - 0.00232;
    return clamp01(Math.max(0, y) ** 2.2);
  },
};

/**
 * The light that the neutral background must have so that exposure and tone mapping bring it to `NEUTRAL_LEVEL`. It is
 * put into the scene, not behind the finished picture, so that glass shows it. At extreme exposures it saturates.
 */
export function neutralBackgroundLight(toneMapping: ToneMapping, exposureEv: number): number {
  const wanted = linearOf(NEUTRAL_LEVEL);
  let [low, high] = [0, 16];
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (GREY_CURVE[toneMapping](middle) < wanted) low = middle;
    else high = middle;
  }
  return Math.min(HALF_MAX, high / 2 ** exposureEv);
}
