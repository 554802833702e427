/** A worker that was asked to has drawn its canary ([WK22]). */
import type { CanaryVerdict } from '@kiln/shared';
import { failCanary, passCanary } from '../dispatch/suspend-workers.ts';
import type { Services } from '../services.ts';

export async function takeCanary(
  workerId: string,
  { fault }: CanaryVerdict,
  { store, log }: Pick<Services, 'store' | 'log'>,
): Promise<void> {
  if (fault === null) return passCanary(store.db, workerId);
  const until = await failCanary(store.db, workerId);
  if (until) log.warn({ workerId, fault, until }, 'a worker is given nothing for a while: it draws its canary wrong');
}
