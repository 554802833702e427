/**
 * A worker at which tasks fail that others then do is faulty: its GPU, its driver or its disk. It is given nothing for a
 * while, longer each time, and then tried again. What it has in hand it keeps. Whether it draws at all its canary tells
 * ([WK22]): before that is right it is given nothing, even where no other is.
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
const IS_WORKERS_FAULT = sql<boolean>`f.reason in (select jsonb_array_elements_text(${WORKERS_FAULTS}::jsonb))`;

const ago = (ms: number) => sql<Date>`now() - ${sql.lit(ms)} * interval '1 millisecond'`;

/** Of a worker `w` that is suspended from now on: longer each time. PostgreSQL has no 2 to the 1,024th. */
const ONCE_MORE = sql`
  suspensions = w.suspensions + 1,
  suspended_until = now() + least(
    ${sql.lit(DISPATCH_LIMITS.suspensionMs)} * power(2, least(w.suspensions, 30)),
    ${sql.lit(DISPATCH_LIMITS.suspensionMaxMs)}) * interval '1 millisecond',
  watched_from = now()`;

/** @returns those that are suspended from now on. */
export async function suspendFaultyWorkers(db: Kysely<Database>): Promise<SuspendedWorker[]> {
  const { rows } = await sql<SuspendedWorker>`
    with faulty as (
      select w.id
      from workers w
      join attempts f on f.worker_id = w.id and f.state = 'failed'
        and f.ended_at > greatest(w.watched_from, ${ago(DISPATCH_LIMITS.blameMs)})
      where w.state in ('ready', 'draining') and not w.canary_due
        and (w.suspended_until is null or w.suspended_until < now())
        and ${IS_WORKERS_FAULT}
        and exists (
          select from attempts s
          where s.task_id = f.task_id and s.number > f.number and s.state = 'succeeded' and s.worker_id <> w.id)
      group by w.id
      having count(distinct f.task_id) >= ${sql.lit(DISPATCH_LIMITS.blamesToSuspend)}
    )
    update workers w set
      suspended_for = 'tasks',
      canary_due = coalesce((w.identity->>'drawsCanary')::boolean, false),
      ${ONCE_MORE}
    from faulty
    where w.id = faulty.id
    returning w.id, w.identity->>'name' as name, w.suspended_until as until`.execute(db);
  return rows;
}

/** [WK22] Whether a worker `w` is to draw its canary now. */
export const IS_ASKED = sql<boolean>`w.canary_due and (w.suspended_for = 'tasks' or w.suspended_until <= now())`;

/** [WK22] A worker that was asked has drawn its canary: one that is right frees it, unless tasks failed there. */
export async function passCanary(db: Kysely<Database>, workerId: string): Promise<void> {
  await sql`
    update workers w set
      canary_due = false,
      suspended_until = case when suspended_for = 'tasks' then suspended_until end,
      suspended_for = case when suspended_for = 'tasks' then suspended_for end
    where id = ${workerId} and ${IS_ASKED}`.execute(db);
}

/** [WK22] The same with one that is wrong. @returns until when it is suspended; null: it was not asked. */
export async function failCanary(db: Kysely<Database>, workerId: string): Promise<Date | null> {
  const { rows } = await sql<{ until: Date }>`
    update workers w set suspended_for = 'canary', ${ONCE_MORE}
    where id = ${workerId} and ${IS_ASKED}
    returning suspended_until as until`.execute(db);
  return rows[0]?.until ?? null;
}

/**
 * A stretch without a fault in which a worker did something makes its next suspension shorter by one step; after one in which
 * it did nothing the stretch begins anew.
 */
export async function forgiveWorkers(db: Kysely<Database>): Promise<void> {
  await sql`
    update workers w set
      watched_from = now(),
      suspensions = w.suspensions - case when exists (
        select from attempts s where s.worker_id = w.id and s.state = 'succeeded' and s.ended_at > ${ago(DISPATCH_LIMITS.goodStretchMs)}
      ) then 1 else 0 end
    where w.suspensions > 0 and w.state = 'ready' and not w.canary_due
      and greatest(w.watched_from, w.suspended_until) < ${ago(DISPATCH_LIMITS.goodStretchMs)}
      and not exists (
        select from attempts f
        where f.worker_id = w.id and f.state = 'failed' and f.ended_at > ${ago(DISPATCH_LIMITS.goodStretchMs)} and ${IS_WORKERS_FAULT})`.execute(
    db,
  );
}
