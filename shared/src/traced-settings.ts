/** Settings that only path tracing has, and that it has not. */
import { KilnError } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { RenderSettings } from './schemas/settings.ts';

/** What each asks for; 0 and false ask for nothing. */
const OF_PATH_TRACING = {
  noiseThreshold: 'a noise threshold',
  timeLimitSec: 'a time limit of drawing',
  clampIndirect: 'a clamp of indirect light',
  filterGlossy: 'a filter of glossy reflections',
  denoise: 'a denoiser',
} as const satisfies Partial<Record<keyof RenderSettings, string>>;

/**
 * Refuses what the engine cannot do, and what the denoiser cannot.
 *
 * @param path of the settings in what was sent, as a JSON Pointer.
 * @throws KilnError `job.unsupported` or `job.too_large` with the field's path.
 */
export function checkTracedSettings(
  settings: Pick<
    RenderSettings,
    'engine' | 'backend' | 'size' | 'passes' | 'shadowCatcher' | keyof typeof OF_PATH_TRACING
  >,
  path: string,
): void {
  const { engine, denoise, size, passes } = settings;
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
  if (engine === 'pathtrace') {
    if (!settings.shadowCatcher || settings.backend !== 'webgpu') return;
    throw new KilnError('job.unsupported', 'path tracing with WebGPU has no shadow catcher; use the backend "webgl"', {
      field: `${path}/shadowCatcher`,
    });
  }
  for (const [field, what] of Object.entries(OF_PATH_TRACING)) {
    if (!settings[field as keyof typeof OF_PATH_TRACING]) continue;
    throw new KilnError('job.unsupported', `only the engine "pathtrace" has ${what}; "${engine}" has none`, {
      field: `${path}/${field}`,
    });
  }
}
