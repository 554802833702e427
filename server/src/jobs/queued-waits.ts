/** Why a job is not drawn that workers were given something of: it stands there behind what they were given before. */
import type { JobWait } from '@kiln/shared';
import type { Kysely } from 'kysely';
import type { Database } from '../store/tables.ts';
import type { JobRow } from './present.ts';
import { type Queued, readQueued, type SlotWork } from './slot-work.ts';

/** @param jobs that are open. */
export async function readQueuedWaits(
  db: Kysely<Database>,
  jobs: readonly JobRow[],
  work: readonly SlotWork[],
): Promise<ReadonlyMap<string, JobWait>> {
  const drawn = inSlots(work);
  const given = new Set(work.map(({ jobId }) => jobId));
  const ids = jobs.flatMap(({ id }) => (given.has(id) && !drawn.has(id) ? [id] : []));
  const queued = await readQueued(db, ids);
  return new Map([...queued].map(([id, one]) => [id, { reason: 'slots', message: messageOf(one) }]));
}

/** Jobs that slots work on. */
export const inSlots = (work: readonly SlotWork[]): ReadonlySet<string> =>
  new Set(work.flatMap(({ jobId, inSlots: n }) => (n > 0 ? [jobId] : [])));

function messageOf({ deliveries, workers, workerName, own, others }: Queued): string {
  const what = deliveries === 1 ? 'its next task is' : `its next ${deliveries} tasks are`;
  const where = workers === 1 ? `at “${workerName}”` : `at ${workers} workers`;
  const before = [
    ...(own > 0 ? [`${own} ${own === 1 ? 'task' : 'tasks'} of yours`] : []),
    ...(others > 0 ? [`${others}${own > 0 ? '' : others === 1 ? ' task' : ' tasks'} of others`] : []),
  ].join(' and ');
  return `Waits for a slot: ${what} ${where} already, behind ${before}.`;
}
