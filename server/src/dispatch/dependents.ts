/**
 * Tasks that wait for others: a task that `feeds` another is one of its inputs. The other is `blocked` until none is
 * missing, and fails with the first input that fails for good. Whoever calls holds the lock of the job.
 */
import { sql, type Transaction } from 'kysely';
import type { Database } from '../store/tables.ts';

/**
 * Inputs are there.
 *
 * @returns how many tasks may now be given out.
 */
export async function releaseDependents(trx: Transaction<Database>, inputTaskIds: readonly string[]): Promise<number> {
  if (inputTaskIds.length === 0) return 0;
  const { rows } = await sql<{ state: string }>`
    update tasks d set
      needs = d.needs - c.n,
      state = case when d.needs = c.n then 'waiting' else d.state end
    from (
      select feeds, count(*)::int as n from tasks
      where id in (select jsonb_array_elements_text(${JSON.stringify(inputTaskIds)}::jsonb)) and feeds is not null
      group by feeds
    ) c
    where d.id = c.feeds and d.state = 'blocked'
    returning d.state`.execute(trx);
  return rows.filter(({ state }) => state === 'waiting').length;
}

interface CancelledAttempt {
  readonly attemptId: string;
  readonly taskId: string;
  readonly workerId: string;
  readonly number: number;
}

export interface FailedDependent {
  /** False when another input has failed before. */
  readonly failedNow: boolean;
  /** Attempts at its other inputs, which nobody needs any more. */
  readonly cancelled: readonly CancelledAttempt[];
}

/** An input has failed for good: so has what it feeds, and the other inputs are drawn for nothing. */
export async function failDependent(trx: Transaction<Database>, dependentId: string): Promise<FailedDependent> {
  const failed = await trx
    .updateTable('tasks')
    .set({ state: 'failed', ended_at: sql<Date>`now()` })
    .where('id', '=', dependentId)
    .where('state', '=', 'blocked')
    .returning('id')
    .executeTakeFirst();
  if (!failed) return { failedNow: false, cancelled: [] };
  const attempts = await trx
    .updateTable('attempts')
    .set({ state: 'cancelled', ended_at: sql<Date>`now()`, message: 'another part of the frame failed' })
    .where('task_id', 'in', (eb) =>
      eb.selectFrom('tasks').select('id').where('feeds', '=', dependentId).where('state', '=', 'leased'),
    )
    .where('state', 'in', ['assigned', 'running'])
    .returning(['id', 'task_id', 'worker_id', 'number'])
    .execute();
  await trx
    .updateTable('tasks')
    .set({ state: 'cancelled', ended_at: sql<Date>`now()` })
    .where('feeds', '=', dependentId)
    .where('state', 'in', ['blocked', 'waiting', 'leased'])
    .execute();
  await forgetPieces(trx, [dependentId]);
  return {
    failedNow: true,
    cancelled: attempts.map((attempt) => ({
      attemptId: attempt.id,
      taskId: attempt.task_id,
      workerId: attempt.worker_id,
      number: attempt.number,
    })),
  };
}

/** What was handed over to these tasks is of no more use; the sweep takes the bytes. */
export async function forgetPieces(trx: Transaction<Database>, dependentIds: readonly string[]): Promise<void> {
  if (dependentIds.length === 0) return;
  await trx
    .deleteFrom('pieces')
    .where('task_id', 'in', (eb) => eb.selectFrom('tasks').select('id').where('feeds', 'in', dependentIds))
    .execute();
}
