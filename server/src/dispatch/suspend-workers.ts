/**
 * A worker at which tasks fail that others then do is faulty: its GPU, its driver or its disk. It is given nothing for a
 * while, longer each time, and then tried again. What it has in hand it keeps.
 */
import { ERROR_CODES, faultOf } from '@kiln/shared';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../store/tables.ts';
import { DISPATCH_LIMITS } from './limits.ts';

export interface SuspendedWorker {
  readonly id: string;
  readonly name: string;
  readonly until: Date;
}

const WORKERS_FAULTS = JSON.stringify(ERROR_CODES.filter((code) => faultOf(code) === 'worker'));

/** @returns those that are suspended from now on. */
export async function suspendFaultyWorkers(db: Kysely<Database>): Promise<SuspendedWorker[]> {
  const { rows } = await sql<SuspendedWorker>`
    with faulty as (
      select w.id
      from workers w
      join attempts f on f.worker_id = w.id and f.state = 'failed'
        and f.ended_at > greatest(w.watched_from, now() - ${sql.lit(DISPATCH_LIMITS.blameMs)} * interval '1 millisecond')
      where w.state in ('ready', 'draining') and (w.suspended_until is null or w.suspended_until < now())
        and f.reason in (select jsonb_array_elements_text(${WORKERS_FAULTS}::jsonb))
        and exists (
          select from attempts s
          where s.task_id = f.task_id and s.number > f.number and s.state = 'succeeded' and s.worker_id <> w.id)
      group by w.id
      having count(distinct f.task_id) >= ${sql.lit(DISPATCH_LIMITS.blamesToSuspend)}
    )
    update workers w set
      suspensions = w.suspensions + 1,
      suspended_until = now() + least(
        ${sql.lit(DISPATCH_LIMITS.suspensionMs)} * power(2, w.suspensions),
        ${sql.lit(DISPATCH_LIMITS.suspensionMaxMs)}) * interval '1 millisecond',
      watched_from = now()
    from faulty
    where w.id = faulty.id
    returning w.id, w.identity->>'name' as name, w.suspended_until as until`.execute(db);
  return rows;
}
