/** A worker goes in order: what it holds is free at once, what Redis has for it goes. */
import { type Kysely, sql } from 'kysely';
import type { AttemptEnd } from '../dispatch/end-attempts.ts';
import { tellWorkers } from '../dispatch/lost-work.ts';
import type { Change } from '../events/changes.ts';
import type { Database } from '../store/tables.ts';

/** @returns what must end with it; none of it was its tasks' fault. */
export async function leave(db: Kysely<Database>, change: Change, workerId: string): Promise<AttemptEnd[]> {
  await change(async (trx, tell) => {
    await trx
      .updateTable('workers')
      .set({ state: 'gone', seen_at: sql<Date>`now()` })
      .where('id', '=', workerId)
      .execute();
    await tellWorkers(trx, tell);
  });
  const rows = await db
    .selectFrom('attempts')
    .select(['id', 'state', 'worker_name'])
    .where('worker_id', '=', workerId)
    .where('state', 'in', ['assigned', 'running'])
    .execute();
  return rows.map((row) => ({
    attemptId: row.id,
    state: row.state === 'assigned' ? 'withdrawn' : 'cancelled',
    reason: 'worker.left',
    message: `worker ${row.worker_name} said goodbye`,
    retry: 'free',
  }));
}
