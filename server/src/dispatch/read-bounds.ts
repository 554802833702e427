/** Limits as they are set, and the leases that count for them. */
import { type Kysely, sql } from 'kysely';
import type { Database } from '../store/tables.ts';
import { Bounds, type HeldRow, type LimitSetting } from './bounds.ts';

export const readBounds = async (db: Kysely<Database>): Promise<Bounds> =>
  new Bounds(await readLimitSettings(db), await readHeld(db));

export async function readLimitSettings(db: Kysely<Database>): Promise<LimitSetting[]> {
  const rows = await db.selectFrom('limits').selectAll().orderBy('name').execute();
  return rows.map(({ tenant_id, name, max_tasks, max_per_host }) => ({
    tenantId: tenant_id,
    name,
    max: max_tasks,
    maxPerHost: max_per_host,
  }));
}

/** Attempts under way at frames, and at making frames of parts, that count for anything. */
export async function readHeld(db: Kysely<Database>): Promise<HeldRow[]> {
  const { rows } = await sql<{
    tenant_id: string;
    job_id: string;
    host: string;
    limits: string[] | null;
    n: string;
  }>`
    select t.tenant_id, t.job_id, coalesce(a.host, a.worker_name) as host, a.limits, count(*) as n
    from attempts a join tasks t on t.id = a.task_id join jobs j on j.id = t.job_id
    where a.state in ('assigned', 'running') and t.kind in ('render', 'assemble')
      and (a.limits is not null or j.max_slots is not null or j.max_per_host is not null)
    group by 1, 2, 3, 4`.execute(db);
  return rows.map(({ tenant_id, job_id, host, limits, n }) => ({
    tenantId: tenant_id,
    jobId: job_id,
    host,
    limits,
    n: Number(n),
  }));
}
