/**
 * What the slots of workers are busy with. A worker is given more than it has slots for, so that what comes next is there: its slots
 * work on what it claimed first, and the rest stands behind that.
 */
import { type Kysely, sql } from 'kysely';
import type { Database } from '../store/tables.ts';

/** Deliveries of one job at one worker. */
export interface SlotWork {
  readonly workerId: string;
  readonly tenantId: string;
  readonly jobId: string;
  /** Null: nobody in particular. */
  readonly user: string | null;
  /** Those that are in slots, or come into them at once; … */
  readonly inSlots: number;
  /** … and all. */
  readonly n: number;
}

/** Deliveries of frames, with their places at their workers, from 1 on: those up to `slots` are in slots. */
const PLACES = sql.raw(`(
  select a.worker_id, a.worker_name, t.tenant_id, t.job_id, coalesce((w.identity->>'slots')::int, 1) as slots,
    row_number() over (partition by a.worker_id order by a.started_at nulls last, a.created_at, a.id) as place
  from attempts a join tasks t on t.id = a.task_id left join workers w on w.id = a.worker_id
  where a.state in ('assigned', 'running') and t.kind in ('render', 'assemble')
)`);

export async function readSlotWork(db: Kysely<Database>): Promise<SlotWork[]> {
  const { rows } = await sql<{
    worker_id: string;
    tenant_id: string;
    job_id: string;
    user_name: string | null;
    in_slots: string;
    n: string;
  }>`
    select u.*, j.user_name
    from (
      select p.worker_id, p.tenant_id, p.job_id, count(*) filter (where p.place <= p.slots) as in_slots, count(*) as n
      from ${PLACES} p group by p.worker_id, p.tenant_id, p.job_id
    ) u join jobs j on j.id = u.job_id`.execute(db);
  return rows.map((row) => ({
    workerId: row.worker_id,
    tenantId: row.tenant_id,
    jobId: row.job_id,
    user: row.user_name,
    inSlots: Number(row.in_slots),
    n: Number(row.n),
  }));
}

/** A job all of whose deliveries stand behind others. */
export interface Queued {
  readonly deliveries: number;
  readonly workers: number;
  /** Of one of them. */
  readonly workerName: string;
  /** Tasks that come before the first of its own there: of its tenant, … */
  readonly own: number;
  /** … and of others. */
  readonly others: number;
}

/** @param jobIds of jobs none of whose deliveries is in a slot; those without any are left out. */
export async function readQueued(
  db: Kysely<Database>,
  jobIds: readonly string[],
): Promise<ReadonlyMap<string, Queued>> {
  if (jobIds.length === 0) return new Map();
  const { rows } = await sql<{
    job_id: string;
    deliveries: string;
    workers: string;
    worker_name: string;
    own: string;
    others: string;
  }>`
    with places as materialized (select * from ${PLACES} p),
    queued as (
      select job_id, tenant_id, worker_id, min(worker_name) as worker_name, min(place) as place, count(*) as n
      from places where job_id in (select jsonb_array_elements_text(${JSON.stringify(jobIds)}::jsonb))
      group by job_id, tenant_id, worker_id
    )
    select q.job_id, sum(q.n) as deliveries, count(*) as workers, min(q.worker_name) as worker_name,
      sum(b.own) as own, sum(b.n - b.own) as others
    from queued q cross join lateral (
      select count(*) filter (where p.tenant_id = q.tenant_id) as own, count(*) as n
      from places p where p.worker_id = q.worker_id and p.place < q.place
    ) b
    group by q.job_id`.execute(db);
  return new Map(
    rows.map((row) => [
      row.job_id,
      {
        deliveries: Number(row.deliveries),
        workers: Number(row.workers),
        workerName: row.worker_name,
        own: Number(row.own),
        others: Number(row.others),
      },
    ]),
  );
}
