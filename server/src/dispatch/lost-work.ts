/** What must end because time ran out: leases, workers that are silent or leaving, sessions are in `live/`. */
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Change, Tell } from '../events/changes.ts';
import type { Database } from '../store/tables.ts';
import { type AttemptEnd, type EndedAttempt, type EndParts, endAttempts } from './end-attempts.ts';
import { fromNow } from './lease-time.ts';
import { DISPATCH_LIMITS } from './limits.ts';
import { endOfExpired } from './retry-rule.ts';

const ago = (ms: number) => sql<Date>`now() - ${sql.lit(Math.round(ms))} * interval '1 millisecond'`;

/** Attempts ended in one transaction. */
const ENDS_PER_CHANGE = 200;

/** A clock that is set right now and then jumps by less. */
const CLOCK_SLACK_MS = 1_000;

/** Attempts whose lease is over. */
export async function expiredAttempts(db: Kysely<Database>): Promise<AttemptEnd[]> {
  const rows = await db
    .selectFrom('attempts')
    .select(['id', 'state', 'worker_name'])
    .where('state', 'in', ['assigned', 'running'])
    .where('lease_expires_at', '<', sql<Date>`now()`)
    .limit(ENDS_PER_CHANGE)
    .execute();
  return rows.map((row) => ({
    attemptId: row.id,
    ...endOfExpired(row.state),
    reason: 'worker.lost',
    message: `the lease ran out: worker ${row.worker_name} was not heard of in time`,
  }));
}

/** Deliveries that have not begun at workers that take nothing new. */
export async function strandedAttempts(db: Kysely<Database>): Promise<AttemptEnd[]> {
  const rows = await db
    .selectFrom('attempts as a')
    .leftJoin('workers as w', 'w.id', 'a.worker_id')
    .select(['a.id', 'a.worker_name', 'w.state'])
    .where('a.state', '=', 'assigned')
    .where((eb) => eb.or([eb('w.state', '!=', 'ready'), eb('w.id', 'is', null)]))
    .limit(ENDS_PER_CHANGE)
    .execute();
  return rows.map((row) => ({
    attemptId: row.id,
    state: 'withdrawn',
    ...whyStranded(row.worker_name, row.state),
    retry: 'free',
  }));
}

/** @param state of the worker; null: it was forgotten. */
function whyStranded(name: string, state: string | null): Pick<AttemptEnd, 'reason' | 'message'> {
  if (state === 'draining') return { reason: 'worker.left', message: `worker ${name} drains and began nothing new` };
  if (state === 'gone') return { reason: 'worker.left', message: `worker ${name} left before it began` };
  return { reason: 'worker.lost', message: `worker ${name} was not heard of before it began` };
}

/** Ends attempts, some in each transaction. */
export async function endInTurns(
  change: Change,
  ends: readonly AttemptEnd[],
  parts: EndParts,
): Promise<EndedAttempt[]> {
  const ended: EndedAttempt[] = [];
  for (let at = 0; at < ends.length; at += ENDS_PER_CHANGE) {
    const some = ends.slice(at, at + ENDS_PER_CHANGE);
    ended.push(...(await change((trx, tell) => endAttempts(trx, tell, some, parts))));
  }
  return ended;
}

/** Marks workers that were silent for longer than a lease; answers their ids. */
export function loseSilentWorkers(change: Change, leaseMs: number): Promise<string[]> {
  return change(async (trx, tell) => {
    const rows = await trx
      .updateTable('workers')
      .set({ state: 'lost' })
      .where('state', 'in', ['ready', 'draining'])
      .where('seen_at', '<', ago(leaseMs))
      .returning('id')
      .execute();
    if (rows.length > 0) await tellWorkers(trx, tell);
    return rows.map((row) => row.id);
  });
}

/**
 * No lease ends later, no worker was heard of later, and no task waits longer for its next try, than is possible now. Such times come about when the database's clock
 * is set back: what is lost would be missed for as long as it was.
 */
export async function boundTimes(db: Kysely<Database>, leaseMs: number): Promise<void> {
  const { suspensionMaxMs, retryDelayMaxMs } = DISPATCH_LIMITS;
  await sql`
    with leases as (
      update attempts set lease_expires_at = ${fromNow(leaseMs)}
      where state in ('assigned', 'running') and lease_expires_at > ${fromNow(leaseMs + CLOCK_SLACK_MS)}
    ), tries as (
      update tasks set not_before = now()
      where state = 'waiting' and not_before > ${fromNow(retryDelayMaxMs + CLOCK_SLACK_MS)}
    )
    update workers set
      seen_at = least(seen_at, now()),
      suspended_until = case when suspended_until is not null then least(suspended_until, ${fromNow(suspensionMaxMs)}) end,
      watched_from = least(watched_from, now())
    where seen_at > ${fromNow(CLOCK_SLACK_MS)} or suspended_until > ${fromNow(suspensionMaxMs + CLOCK_SLACK_MS)}`.execute(
    db,
  );
}

/** Tells everybody how many workers are ready. */
export async function tellWorkers(trx: Transaction<Database>, tell: Tell): Promise<void> {
  const { n } = await trx
    .selectFrom('workers')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('state', '=', 'ready')
    .executeTakeFirstOrThrow();
  tell({ type: 'workers', tenantId: null, data: { ready: Number(n) } });
}

/** Deletes workers that are away for long; answers their ids. */
export async function forgetWorkers(db: Kysely<Database>): Promise<string[]> {
  const rows = await db
    .deleteFrom('workers')
    .where('state', 'in', ['lost', 'gone'])
    .where('seen_at', '<', ago(DISPATCH_LIMITS.forgetWorkerMs))
    .returning('id')
    .execute();
  return rows.map((row) => row.id);
}
