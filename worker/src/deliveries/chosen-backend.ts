/** Which graphics interface draws what a job asks for. */
import { type AutoBackends, askedFeatures, type Backend, isRefused, type RenderSettings } from '@kiln/shared';

type Asked = Pick<RenderSettings, 'engine' | 'backend'> & Parameters<typeof askedFeatures>[0];

export const WEBGL_ONLY: AutoBackends = { raster: 'webgl', pathtrace: 'webgl' };

/**
 * What a job asks for; else what this worker has settled on, unless the job asks for something that only the other has.
 *
 * @param auto of this worker.
 */
export function chosenBackend(settings: Asked, auto: AutoBackends): Backend {
  const { engine, backend } = settings;
  if (backend !== 'auto') return backend;
  const own = auto[engine];
  const other = own === 'webgl' ? 'webgpu' : 'webgl';
  const asked = askedFeatures(settings);
  const has = (each: Backend) => !asked.some(({ feature }) => isRefused(feature, engine, each));
  return has(own) || !has(other) ? own : other;
}
