/** Several cameras in one job: a layer each, whose name is the folder of its frames. */
import type { LayerRequest } from './schemas/job.ts';
import type { CameraChoice } from './schemas/settings.ts';

/** Characters of a layer's name, less room for a number that sets it apart. */
const NAME_CHARS = 60;

/** The layer once for each camera; one alone needs no name. */
export function cameraLayers(layer: LayerRequest, cameras: readonly CameraChoice[]): LayerRequest[] {
  const [only = 'auto', ...more] = cameras;
  if (more.length === 0) return [{ ...layer, camera: only }];
  const taken = new Set<string>();
  return cameras.map((camera, index) => ({ ...layer, camera, name: freeName(layerName(camera, index), taken) }));
}

/** The camera's name as far as a layer may be called so, or its number from 1. */
function layerName(camera: CameraChoice, index: number): string {
  const text = typeof camera === 'string' ? camera : '';
  const name = text.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/^[._-]+/, '');
  return name.slice(0, NAME_CHARS) || `camera-${index + 1}`;
}

/** On some disks folders that differ in case alone are the same. */
function freeName(name: string, taken: Set<string>): string {
  let free = name;
  for (let n = 2; taken.has(free.toLowerCase()); n += 1) free = `${name}-${n}`;
  taken.add(free.toLowerCase());
  return free;
}
