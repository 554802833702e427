/** What the layers of a job are called. */
import { KilnError } from './errors.ts';
import type { LayerRequest } from './schemas/job.ts';

const DEFAULT_LAYER = 'main';

/**
 * Names as given; `main`, `main-2` … for layers without one.
 *
 * @throws KilnError `request.invalid` for a name that two layers have, with its field.
 */
export function layerNames(layers: readonly LayerRequest[]): string[] {
  const taken = new Set<string>();
  layers.forEach(({ name }, index) => {
    if (name === undefined) return;
    if (taken.has(name)) {
      throw new KilnError('request.invalid', `two layers are named "${name}"; give each its own name`, {
        field: `/layers/${index}/name`,
      });
    }
    taken.add(name);
  });
  return layers.map(({ name }) => {
    if (name !== undefined) return name;
    let free = DEFAULT_LAYER;
    for (let n = 2; taken.has(free); n++) free = `${DEFAULT_LAYER}-${n}`;
    taken.add(free);
    return free;
  });
}
