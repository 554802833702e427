/** Which graphics interface draws what a job asks for. */
import type { AutoBackends, Backend, RenderSettings } from '@kiln/shared';

type Asked = Pick<RenderSettings, 'engine' | 'backend'>;

export const WEBGL_ONLY: AutoBackends = { raster: 'webgl', pathtrace: 'webgl' };

/** @param auto of this worker. */
export const chosenBackend = ({ engine, backend }: Asked, auto: AutoBackends): Backend =>
  backend === 'auto' ? auto[engine] : backend;
