/**
 * A frame that begins with the samples of a live view is drawn on by workers of the class that drew the view. Where none has
 * been here for a while, and nothing more is drawn of it, it begins anew: any worker may draw it then.
 */
import { type Kysely, sql } from 'kysely';
import type { Change } from '../events/changes.ts';
import { tellJob } from '../events/job-progress.ts';
import type { Database } from '../store/tables.ts';
import { isOpen, lockJobs } from './job-row.ts';

/** A worker that restarts is back by then. */
const GONE_SEC = 60;

/** Jobs that begin anew at once. */
const MOST = 100;

/** @returns how many begin anew. */
export async function releaseBeginnings(db: Kysely<Database>, change: Change): Promise<number> {
  const { rows } = await sql<{ id: string }>`
    select j.id from jobs j
    where j.reused_samples > 0 and j.state in ('queued', 'running') and j.frames_done = 0
      and j.created_at < now() - ${sql.lit(GONE_SEC)} * interval '1 second'
      and not exists (
        select from workers w where w.identity->>'adapterClass' = j.adapter_class
          and (w.state in ('ready', 'draining') or w.seen_at > now() - ${sql.lit(GONE_SEC)} * interval '1 second'))
      and not exists (
        select from tasks t join attempts a on a.task_id = t.id
        where t.job_id = j.id and (a.state in ('assigned', 'running') or a.result_hash is not null))
    limit ${sql.lit(MOST)}`.execute(db);
  if (rows.length === 0) return 0;
  return change(async (trx, tell) => {
    const jobs = await lockJobs(
      trx,
      rows.map(({ id }) => id),
    );
    let released = 0;
    for (const job of jobs.values()) {
      if (!isOpen(job.state)) continue;
      const ofJob = trx.selectFrom('tasks').select('id').where('job_id', '=', job.id);
      const isTaken = await trx
        .selectFrom('attempts')
        .select('id')
        .where('task_id', 'in', ofJob)
        .where('state', 'in', ['assigned', 'running'])
        .executeTakeFirst();
      if (isTaken) continue;
      await trx.deleteFrom('pieces').where('task_id', 'in', ofJob).execute();
      await trx
        .updateTable('tasks')
        .set({ state: 'waiting', ended_at: null })
        .where('job_id', '=', job.id)
        .where('kind', '=', 'render')
        .where('state', 'in', ['waiting', 'succeeded'])
        .execute();
      await trx
        .updateTable('tasks')
        .set({ state: 'blocked', needs: 1, adapter_class: null })
        .where('job_id', '=', job.id)
        .where('kind', '=', 'assemble')
        .where('state', 'in', ['waiting', 'blocked'])
        .execute();
      const anew = { adapter_class: null, reused_samples: 0 };
      await trx.updateTable('jobs').set(anew).where('id', '=', job.id).execute();
      tellJob(tell, { ...job, ...anew });
      released += 1;
    }
    return released;
  });
}
