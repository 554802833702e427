/** Settings that not every engine has. */
import { enginesWith, type FeatureId, isRefused } from './engine-features.ts';
import { KilnError } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { RenderSettings } from './schemas/settings.ts';

/** What each asks for; 0, false and null ask for nothing. */
const ASKED = {
  noiseThreshold: { feature: 'early-end', what: 'a noise threshold' },
  timeLimitSec: { feature: 'early-end', what: 'a time limit of drawing' },
  clampIndirect: { feature: 'clamp-and-filter', what: 'a clamp of indirect light' },
  filterGlossy: { feature: 'clamp-and-filter', what: 'a filter of glossy reflections' },
  denoise: { feature: 'denoiser', what: 'a denoiser' },
  shadowCatcher: { feature: 'shadow-catcher', what: 'a shadow catcher' },
} as const satisfies Partial<Record<keyof RenderSettings, { feature: FeatureId; what: string }>>;

/**
 * Refuses what the engine cannot do with the interface that is asked for, and what the denoiser cannot.
 *
 * @param path of the settings in what was sent, as a JSON Pointer.
 * @throws KilnError `job.unsupported` or `job.too_large` with the field's path.
 */
export function checkTracedSettings(
  settings: Pick<RenderSettings, 'engine' | 'backend' | 'size' | 'passes' | keyof typeof ASKED>,
  path: string,
): void {
  const { engine, backend, denoise, size, passes } = settings;
  if (passes.includes('noisy') && !denoise) {
    throw new KilnError('job.unsupported', 'the pass noisy is a picture before it is denoised; ask for denoise, too', {
      field: `${path}/passes`,
    });
  }
  const pixels = size.widthPx * size.heightPx;
  if (denoise && pixels > LIMITS.passPixels) {
    throw new KilnError(
      'job.too_large',
      `a frame that is denoised has at most ${LIMITS.passPixels} pixels, ${size.widthPx}×${size.heightPx} has ${pixels}`,
      { field: `${path}/size` },
    );
  }
  for (const [field, { feature, what }] of Object.entries(ASKED)) {
    if (!settings[field as keyof typeof ASKED] || !isRefused(feature, engine, backend)) continue;
    const others = enginesWith(feature).map((other) => `"${other}"`);
    const message = `only the engine ${others.join(' or ')} has ${what}; "${engine}" has none`;
    throw new KilnError('job.unsupported', message, { field: `${path}/${field}` });
  }
}
