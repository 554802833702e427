/** Stops a job: what is done stays, nothing else is begun, what is under way is told to stop. */
import { type Job, KilnError } from '@kiln/shared';
import { sql } from 'kysely';
import type { EndedAttempt } from '../dispatch/end-attempts.ts';
import type { Change } from '../events/changes.ts';
import { tellJob } from '../events/job-progress.ts';
import { isOpen, lockOwnJob } from './job-row.ts';
import type { JobLayers } from './layers.ts';
import { jobView } from './present.ts';

export interface CancelParts {
  readonly change: Change;
  readonly layers: JobLayers;
  readonly now: () => Date;
}

export interface Cancelled {
  readonly job: Job;
  /** Attempts that were under way. */
  readonly ended: readonly EndedAttempt[];
}

/**
 * Cancelling a cancelled job is no error.
 *
 * @throws KilnError `resource.not_found`; `resource.conflict` for a job that has ended otherwise.
 */
export function cancelJob(tenantId: string, jobId: string, { change, layers, now }: CancelParts): Promise<Cancelled> {
  return change(async (trx, tell) => {
    const job = await lockOwnJob(trx, tenantId, jobId);
    const itsLayers = (await layers.of(trx, [jobId])).get(jobId) ?? [];
    if (job.state === 'cancelled') return { job: jobView(job, itsLayers), ended: [] };
    if (!isOpen(job.state)) {
      throw new KilnError('resource.conflict', `job ${jobId} has ${job.state} already; there is nothing to cancel`);
    }
    const attempts = await trx
      .updateTable('attempts')
      .set({ state: 'cancelled', ended_at: sql<Date>`now()`, message: 'the job was cancelled' })
      .where('task_id', 'in', (eb) =>
        eb.selectFrom('tasks').select('id').where('job_id', '=', jobId).where('state', '=', 'leased'),
      )
      .where('state', 'in', ['assigned', 'running'])
      .returning((eb) => [
        'id',
        'task_id',
        'worker_id',
        'number',
        eb
          .selectFrom('tasks')
          .select('kind')
          .whereRef('tasks.id', '=', 'attempts.task_id')
          .$asScalar()
          .$notNull()
          .as('kind'),
      ])
      .execute();
    await trx
      .updateTable('tasks')
      .set({ state: 'cancelled', ended_at: sql<Date>`now()` })
      .where('job_id', '=', jobId)
      .where('state', 'in', ['blocked', 'waiting', 'leased'])
      .execute();
    await trx
      .deleteFrom('pieces')
      .where('task_id', 'in', (eb) => eb.selectFrom('tasks').select('id').where('job_id', '=', jobId))
      .execute();
    const after = { ...job, state: 'cancelled' as const, ended_at: now() };
    await trx
      .updateTable('jobs')
      .set({ state: after.state, ended_at: after.ended_at })
      .where('id', '=', jobId)
      .execute();
    tellJob(tell, after);
    return {
      job: jobView(after, itsLayers),
      ended: attempts.map((attempt) => ({
        attemptId: attempt.id,
        taskId: attempt.task_id,
        workerId: attempt.worker_id,
        number: attempt.number,
        kind: attempt.kind,
        retryAfterMs: null,
        appliedImport: null,
      })),
    };
  });
}
