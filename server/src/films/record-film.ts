/** A film becomes true: with its attempt, its task and its job in one transaction. Its bytes are stored before. */
import type { FilmResult } from '@kiln/shared';
import { sql, type Transaction } from 'kysely';
import type { AttemptFacts, FilmWork } from '../dispatch/attempt-facts.ts';
import { staleAttempt } from '../dispatch/claim.ts';
import type { Tell } from '../events/changes.ts';
import { tellJob } from '../events/job-progress.ts';
import { advanceJob, lockJobs, NO_PROGRESS, saveJob } from '../jobs/job-row.ts';
import type { JobRow } from '../jobs/present.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { recordObject } from '../objects/record-object.ts';
import type { Database } from '../store/tables.ts';

export interface FilmReport {
  readonly attempt: AttemptFacts;
  readonly work: FilmWork;
  readonly result: FilmResult;
}

/**
 * @returns its job as it is with the film; null when that was recorded before.
 * @throws KilnError `attempt.stale` when the lease has ended and the recorded film, if any, is another.
 */
export async function recordFilm(
  trx: Transaction<Database>,
  tell: Tell,
  objects: Pick<ObjectStore, 'has'>,
  { attempt, work, result }: FilmReport,
  now: Date,
): Promise<JobRow | null> {
  const job = (await lockJobs(trx, [work.jobId])).get(work.jobId);
  const film = await trx
    .selectFrom('films as f')
    .innerJoin('tasks as t', 't.id', 'f.task_id')
    .select(['f.sha256', 't.state'])
    .where('t.id', '=', attempt.taskId)
    .executeTakeFirst();
  if (film?.sha256 === result.sha256) return null;
  const closed = await trx
    .updateTable('attempts')
    .set({
      state: 'succeeded',
      result_hash: result.sha256,
      started_at: sql<Date>`coalesce(started_at, created_at)`,
      ended_at: sql<Date>`now()`,
    })
    .where('id', '=', attempt.attemptId)
    .where('state', 'in', ['assigned', 'running'])
    .returning('id')
    .executeTakeFirst();
  if (!job || film?.state !== 'leased' || !closed) throw staleAttempt(attempt.attemptId);
  await recordObject(trx, objects, { sha256: result.sha256, sizeBytes: result.sizeBytes });
  await trx
    .updateTable('tasks')
    .set({ state: 'succeeded', ended_at: sql<Date>`now()` })
    .where('id', '=', attempt.taskId)
    .execute();
  await trx
    .updateTable('films')
    .set({
      facts: JSON.stringify(result.facts),
      frames_taken: result.facts.frameCount,
      sha256: result.sha256,
      size_bytes: result.sizeBytes,
      finished_at: now,
    })
    .where('task_id', '=', attempt.taskId)
    .execute();
  const after = { ...job, ...advanceJob(job, { ...NO_PROGRESS, filmsDone: 1 }, now) };
  await saveJob(trx, after);
  tellJob(tell, after);
  return after;
}
