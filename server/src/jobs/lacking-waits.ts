/** Which jobs wait for workers that have what a layer requires. */
import type { JobWait, Layer, WorkerIdentity } from '@kiln/shared';
import type { Kysely } from 'kysely';
import type { Database } from '../store/tables.ts';
import { lackingOf } from './lacking.ts';
import { readUnfinishedLayers } from './layers.ts';
import type { JobRow } from './present.ts';

/** @param jobs that are open. Of those all of whose frames come from one adapter class, only its workers count. */
export async function readLackingWaits(
  db: Kysely<Database>,
  jobs: readonly JobRow[],
  layers: ReadonlyMap<string, readonly Layer[]>,
  workers: readonly WorkerIdentity[],
): Promise<ReadonlyMap<string, JobWait>> {
  const lacking = jobs.flatMap((job) => {
    const wanted = job.class_policy === 'strict' ? job.adapter_class : null;
    const ofClass = wanted === null ? workers : workers.filter(({ adapterClass }) => adapterClass === wanted);
    const bound =
      ofClass.length < workers.length
        ? ` Its frames so far are of the adapter class ${wanted}, and so must all be.`
        : '';
    return (layers.get(job.id) ?? []).flatMap((layer) => {
      const message = lackingOf(layer, ofClass);
      return message === null ? [] : [{ jobId: job.id, layerId: layer.id, message: `${message}${bound}` }];
    });
  });
  if (lacking.length === 0) return new Map();
  const unfinished = await readUnfinishedLayers(db, [...new Set(lacking.map(({ jobId }) => jobId))]);
  const waits = new Map<string, JobWait>();
  for (const { jobId, layerId, message } of lacking) {
    if (unfinished.has(layerId) && !waits.has(jobId)) waits.set(jobId, { reason: 'requires', message });
  }
  return waits;
}
