/** Settings that not every engine has, or not with every graphics interface. */
import { enginesWith, type FeatureId, interfacesWith, isRefused } from './engine-features.ts';
import { BACKEND_NAMES, ENGINE_NAMES } from './engine-names.ts';
import { KilnError } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { RenderSettings } from './schemas/settings.ts';

/** What each asks for; 0, false and null ask for nothing. */
const ASKED = {
  noiseThreshold: { feature: 'early-end', what: 'noise threshold' },
  timeLimitSec: { feature: 'early-end', what: 'time limit of drawing' },
  clampIndirect: { feature: 'clamp-and-filter', what: 'clamp of indirect light' },
  filterGlossy: { feature: 'clamp-and-filter', what: 'filter of glossy reflections' },
  denoise: { feature: 'denoiser', what: 'denoiser' },
  shadowCatcher: { feature: 'shadow-catcher', what: 'shadow catcher' },
} as const satisfies Partial<Record<keyof RenderSettings, { feature: FeatureId; what: string }>>;

type Asking = Pick<RenderSettings, keyof typeof ASKED>;

/** Features of the table of engines that settings ask for, each with its field. */
export const askedFeatures = (settings: Asking) =>
  Object.entries(ASKED)
    .filter(([field]) => settings[field as keyof typeof ASKED])
    .map(([field, asked]) => ({ field, ...asked }));

/**
 * Refuses what the engine cannot do with the interface that is asked for, and what the denoiser cannot.
 *
 * @param path of the settings in what was sent, as a JSON Pointer.
 * @throws KilnError `job.unsupported` or `job.too_large` with the field's path.
 */
export function checkTracedSettings(
  settings: Pick<RenderSettings, 'engine' | 'backend' | 'size' | 'passes'> & Asking,
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
  for (const { field, feature, what } of askedFeatures(settings)) {
    if (!isRefused(feature, engine, backend)) continue;
    throw new KilnError('job.unsupported', refusalOf(feature, what, settings), { field: `${path}/${field}` });
  }
}

function refusalOf(feature: FeatureId, what: string, { engine, backend }: Pick<RenderSettings, 'engine' | 'backend'>) {
  const [other] = interfacesWith(feature, engine);
  if (backend !== 'auto' && other !== undefined) {
    const asked = `${ENGINE_NAMES[engine].toLowerCase()} with ${BACKEND_NAMES[backend]}`;
    return `${asked} has no ${what}; use the backend "${other}"`;
  }
  const engines = enginesWith(feature).map((each) => `"${each}"`);
  return `only the engine ${engines.join(' or ')} has a ${what}; "${engine}" has none`;
}
