/** Which sums of a resting view a frame may begin with: those that an attempt at the frame could have stored, too. */
import { halfOf, mayEndEarly, type RenderSettings, SAMPLES_PER_BLOCK } from '@kiln/shared';
import type { SumsPart } from '../engine/accumulation.ts';
import type { Sampling } from '../engine/sampling.ts';

type Summed = Pick<Sampling, 'parts' | 'half' | 'isStorable'>;

/** @param settings of the frame, whose first samples are the view's. */
export function beginningOf(settings: RenderSettings, summed: Summed): readonly SumsPart[] {
  const { parts } = summed;
  if (mayEndEarly(settings)) {
    // Where it is denoised, too, the half of its first range is known, and of no other.
    return summed.isStorable && (parts.length === 1 || !settings.denoise) ? parts : [];
  }
  const fitting = within(parts, settings.samples);
  if (!settings.denoise) return fitting;
  // [WK21] The sums of the first half are stored apart, and no half is within a block.
  if (settings.samples <= SAMPLES_PER_BLOCK) return [];
  const half = halfOf(settings.samples);
  if (endsAt(fitting, half) || countOf(fitting) < half) return fitting;
  return summed.half?.samples === half ? [{ target: summed.half.target, count: half }] : [];
}

const countOf = (parts: readonly SumsPart[]) => parts.reduce((sum, { count }) => sum + count, 0);

/** Those that end before a sample, or with it. */
function within(parts: readonly SumsPart[], end: number): readonly SumsPart[] {
  return parts.filter((_, place) => countOf(parts.slice(0, place + 1)) <= end);
}

const endsAt = (parts: readonly SumsPart[], sample: number): boolean =>
  parts.some((_, place) => countOf(parts.slice(0, place + 1)) === sample);
