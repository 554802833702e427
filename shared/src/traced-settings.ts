/** Settings that only path tracing has. */
import { KilnError } from './errors.ts';
import type { RenderSettings } from './schemas/settings.ts';

/** What each asks for; 0 asks for nothing. */
const OF_PATH_TRACING = {
  noiseThreshold: 'a noise threshold',
  timeLimitSec: 'a time limit of drawing',
  clampIndirect: 'a clamp of indirect light',
  filterGlossy: 'a filter of glossy reflections',
} as const satisfies Partial<Record<keyof RenderSettings, string>>;

/**
 * Refuses what rasterisation cannot do.
 *
 * @param path of the settings in what was sent, as a JSON Pointer.
 * @throws KilnError `job.unsupported` with the field's path.
 */
export function checkTracedSettings(
  settings: Pick<RenderSettings, 'engine' | keyof typeof OF_PATH_TRACING>,
  path: string,
): void {
  if (settings.engine === 'pathtrace') return;
  for (const [field, what] of Object.entries(OF_PATH_TRACING)) {
    if (settings[field as keyof typeof OF_PATH_TRACING] === 0) continue;
    throw new KilnError('job.unsupported', `only the engine "pathtrace" has ${what}; "${settings.engine}" has none`, {
      field: `${path}/${field}`,
    });
  }
}
