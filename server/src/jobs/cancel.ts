/** Stops a job: what is done stays, nothing else is begun, what is under way is told to stop. */
import { type Job, KilnError } from '@kiln/shared';
import { sql, type Transaction } from 'kysely';
import type { EndedAttempt } from '../dispatch/end-attempts.ts';
import type { Change } from '../events/changes.ts';
import { tellJob } from '../events/job-progress.ts';
import type { Database } from '../store/tables.ts';
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
 * What is drawn only to measure it is cancelled, too. Cancelling a cancelled job is no error.
 *
 * @throws KilnError `resource.not_found`; `resource.conflict` for a job that has ended otherwise.
 */
export async function cancelJob(tenantId: string, jobId: string, parts: CancelParts): Promise<Cancelled> {
  const { job, ended } = await cancelOne(tenantId, jobId, parts);
  const probeId = await parts.change((trx) => findIdleProbe(trx, jobId));
  if (probeId === null) return { job, ended };
  try {
    const probe = await cancelOne(tenantId, probeId, parts);
    return { job, ended: [...ended, ...probe.ended] };
  } catch (error) {
    // It has ended meanwhile.
    if (!(error instanceof KilnError)) throw error;
    return { job, ended };
  }
}

/** The job that measures one that is cancelled, when nobody else waits for that. */
async function findIdleProbe(trx: Transaction<Database>, jobId: string): Promise<string | null> {
  const row = await trx
    .selectFrom('job_costs as c')
    .innerJoin('estimates as e', 'e.id', 'c.estimate_id')
    .select('e.probe_job_id')
    .where('c.job_id', '=', jobId)
    .where('c.hold', '=', 'estimate')
    .where('e.state', '=', 'measuring')
    .where('e.for_budgets_only', '=', true)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('job_costs as o')
            .innerJoin('jobs as j', 'j.id', 'o.job_id')
            .select('o.job_id')
            .whereRef('o.estimate_id', '=', 'e.id')
            .where('o.hold', '=', 'estimate')
            .where('j.ended_at', 'is', null),
        ),
      ),
    )
    .executeTakeFirst();
  return row?.probe_job_id ?? null;
}

function cancelOne(tenantId: string, jobId: string, { change, layers, now }: CancelParts): Promise<Cancelled> {
  return change(async (trx, tell) => {
    const job = await lockOwnJob(trx, tenantId, jobId);
    const itsLayers = (await layers.current(trx, [job])).get(jobId) ?? [];
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
