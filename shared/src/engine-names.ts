import type { Backend, Engine } from './schemas/settings.ts';
import type { WorkerIdentity } from './schemas/worker.ts';

/** As people know them. */
export const ENGINE_NAMES: Readonly<Record<Engine, string>> = { raster: 'Raster', pathtrace: 'Path tracing' };
export const BACKEND_NAMES: Readonly<Record<Backend, string>> = { webgl: 'WebGL', webgpu: 'WebGPU' };

/** What a worker draws with where a job leaves it the choice, for people: `raster WebGL, path tracing WebGPU`. */
export function autoBackendsText({ autoBackends }: Pick<WorkerIdentity, 'autoBackends'>): string {
  const { raster, pathtrace } = autoBackends ?? { raster: 'webgl', pathtrace: 'webgl' };
  if (raster === pathtrace) return BACKEND_NAMES[raster];
  return `raster ${BACKEND_NAMES[raster]}, path tracing ${BACKEND_NAMES[pathtrace]}`;
}
