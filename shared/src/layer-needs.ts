/** Which layers of a job wait for others of it, or of other jobs. */
import { KilnError } from './errors.ts';
import { layerNames } from './layer-names.ts';
import type { LayerRequest } from './schemas/job.ts';
import type { LayerNeed } from './schemas/layer-needs.ts';

/**
 * What each layer needs, complete. What other jobs have is not looked at: those are there already, so there is no circle.
 *
 * @throws KilnError `request.invalid` with the field: a layer that is not there, itself, twice or in a circle; the same frames of
 *   a layer that has others.
 */
export function layerNeeds(layers: readonly LayerRequest[]): LayerNeed[][] {
  const names = layerNames(layers);
  const needs = layers.map(({ needs = [] }) =>
    needs.map(
      (need): LayerNeed => (typeof need === 'string' ? { layer: need, frames: 'all' } : { frames: 'all', ...need }),
    ),
  );
  needs.forEach((own, at) => {
    own.forEach(({ job, layer, frames }, index) => {
      const refuse = (message: string) =>
        new KilnError('request.invalid', message, { field: `/layers/${at}/needs/${index}` });
      if (own.findIndex((other) => other.job === job && other.layer === layer) < index) {
        throw refuse(`layer “${layer}”${job === undefined ? '' : ` of job ${job}`} is named twice`);
      }
      if (job !== undefined) return;
      const needed = names.indexOf(layer);
      if (needed < 0) throw refuse(`the job has no layer “${layer}”; its layers are: ${names.join(', ')}`);
      if (reaches(needs, names, needed, at)) {
        throw refuse(`layer “${names[at]}” needs “${layer}”, which needs “${names[at]}”: neither could begin`);
      }
      const [mine, theirs] = [layers[at]?.frames, layers[needed]?.frames];
      if (frames === 'same' && mine !== theirs) {
        throw refuse(
          `the same frames are needed of layer “${layer}”, which has ${theirs}, not ${mine}: both must have the same`,
        );
      }
    });
  });
  return needs;
}

/** Whether layer `to` is what layer `from` is, or needs at last. */
function reaches(needs: readonly LayerNeed[][], names: readonly string[], from: number, to: number): boolean {
  const reached = new Set([from]);
  for (const at of reached) {
    for (const { job, layer } of needs[at] ?? []) if (job === undefined) reached.add(names.indexOf(layer));
  }
  return reached.has(to);
}
