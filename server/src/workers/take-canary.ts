/** A worker that was asked to has drawn its canary ([WK22]). */
import type { CanaryVerdict } from '@kiln/shared';
import type { AttemptEnd } from '../dispatch/end-attempts.ts';
import { failCanary, passCanary } from '../dispatch/suspend-workers.ts';
import type { Services } from '../services.ts';

/** @returns what ends with a wrong one: nothing that such a worker still draws is taken of it. */
export async function takeCanary(
  workerId: string,
  { fault }: CanaryVerdict,
  { store: { db }, log }: Pick<Services, 'store' | 'log'>,
): Promise<AttemptEnd[]> {
  if (fault === null) {
    await passCanary(db, workerId);
    return [];
  }
  const until = await failCanary(db, workerId);
  if (!until) return [];
  log.warn({ workerId, fault, until }, 'a worker is given nothing for a while: it draws its canary wrong');
  const rows = await db
    .selectFrom('attempts')
    .select(['id', 'worker_name'])
    .where('worker_id', '=', workerId)
    .where('state', 'in', ['assigned', 'running'])
    .execute();
  return rows.map(({ id, worker_name }) => ({
    attemptId: id,
    state: 'cancelled',
    reason: 'worker.left',
    message: `worker ${worker_name} draws its canary wrong: ${fault}`,
    retry: 'free',
  }));
}
