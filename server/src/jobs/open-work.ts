/** How much unfinished work a tenant may have, looked at when jobs come in. */
import { KilnError, LIMITS } from '@kiln/shared';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Database } from '../store/tables.ts';
import type { JobRow, LayerRow } from './present.ts';

/** What of a submission counts. */
export interface NewWork {
  readonly job: Pick<JobRow, 'tenant_id' | 'film_count'>;
  readonly layers: readonly Pick<LayerRow, 'task_count'>[];
}

interface OpenWork {
  readonly tenant_id: string;
  readonly max_tasks: number;
  readonly jobs: number;
  readonly tasks: number;
}

/** Until the transaction ends nobody else looks how much work these tenants have, and adds to it. */
export async function lockOpenWork(trx: Transaction<Database>, submissions: readonly NewWork[]): Promise<void> {
  const ids = [...new Set(submissions.map(({ job }) => job.tenant_id))];
  await trx.selectFrom('tenants').select('id').where('id', 'in', ids).orderBy('id').forNoKeyUpdate().execute();
}

/**
 * Those that would leave their tenant with more open jobs or tasks than it may have, in order, and why. One that does not
 * fit takes no room from those after it.
 */
export async function withoutRoom<W extends NewWork>(
  db: Kysely<Database>,
  submissions: readonly W[],
): Promise<ReadonlyMap<W, KilnError>> {
  const open = new Map((await readOpenWork(db, submissions)).map((row) => [row.tenant_id, row]));
  const refused = new Map<W, KilnError>();
  for (const submission of submissions) {
    const work = open.get(submission.job.tenant_id);
    if (!work) continue;
    const added = tasksOf(submission);
    const why = whyNot(work, added);
    if (why) refused.set(submission, why);
    else open.set(work.tenant_id, { ...work, jobs: work.jobs + 1, tasks: work.tasks + added });
  }
  return refused;
}

const tasksOf = ({ job, layers }: NewWork) => layers.reduce((sum, { task_count: n }) => sum + n, job.film_count);

function whyNot({ jobs, tasks, max_tasks: most }: OpenWork, added: number): KilnError | null {
  if (jobs >= LIMITS.openJobsPerTenant) {
    const message = `a tenant has at most ${LIMITS.openJobsPerTenant} jobs that have not ended: wait for some, or cancel some`;
    return new KilnError('request.too_many', message);
  }
  if (added > most) {
    const message = `the layers make ${added} tasks, and this tenant has at most ${most} that are not finished: ask for fewer frames or parts, or the operator for more`;
    return new KilnError('job.too_large', message, { field: '/layers' });
  }
  if (tasks + added <= most) return null;
  const message = `the layers make ${added} tasks, and this tenant has ${tasks} of at most ${most} that are not finished: wait for some, or cancel a job`;
  return new KilnError('request.too_many', message, { field: '/layers' });
}

/** Tasks of open jobs: those that are not released yet, and those that have not ended. */
async function readOpenWork(db: Kysely<Database>, submissions: readonly NewWork[]): Promise<OpenWork[]> {
  const ids = [...new Set(submissions.map(({ job }) => job.tenant_id))];
  const { rows } = await sql<Record<keyof OpenWork, string>>`
    select t.id as tenant_id,
           coalesce(t.max_open_tasks, ${sql.lit(LIMITS.openTasksPerTenant)}) as max_tasks,
           coalesce(o.jobs, 0) as jobs,
           coalesce(o.unreleased, 0) + coalesce(r.released, 0) as tasks
    from tenants t
    left join (
      select j.tenant_id, count(distinct j.id) as jobs, sum(l.task_count - l.released) as unreleased
      from jobs j left join layers l on l.job_id = j.id
      where j.state in ('queued', 'running', 'paused') and j.tenant_id in (${sql.join(ids)})
      group by j.tenant_id
    ) o on o.tenant_id = t.id
    left join (
      select k.tenant_id, count(*) as released
      from tasks k
      where k.state in ('waiting', 'leased') and k.job_id is not null and k.tenant_id in (${sql.join(ids)})
      group by k.tenant_id
    ) r on r.tenant_id = t.id
    where t.id in (${sql.join(ids)})`.execute(db);
  return rows.map(({ tenant_id, max_tasks, jobs, tasks }) => ({
    tenant_id,
    max_tasks: Number(max_tasks),
    jobs: Number(jobs),
    tasks: Number(tasks),
  }));
}
