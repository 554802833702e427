/** What follows, after the commit, on attempts that ended without a result. All of it may fail without harm. */
import type { Bus } from '../events/bus.ts';
import { type DeliveryQueues, deliveryId } from '../queue/delivery-queues.ts';
import type { WorkerSignals } from '../queue/worker-signals.ts';
import { settleImport } from '../scenes/import-result.ts';
import type { Services } from '../services.ts';
import { laneOf } from './candidate.ts';
import type { EndedAttempt } from './end-attempts.ts';

export interface SettleParts {
  readonly services: Pick<Services, 'store' | 'objects' | 'log'>;
  readonly queues: DeliveryQueues;
  readonly queueIsUp: () => boolean;
  readonly signals: WorkerSignals;
  readonly bus: Bus;
}

/** Deliveries leave the queues, workers stop, and the tasks are looked at when they may be tried again. */
export async function settleEnded(ended: readonly EndedAttempt[], parts: SettleParts): Promise<void> {
  if (ended.length === 0) return;
  const waits = new Set(ended.map((attempt) => attempt.retryAfterMs ?? 0));
  for (const afterMs of waits) parts.bus.tell({ type: 'wake', why: 'work', afterMs });
  await withdraw(ended, parts);
  for (const { appliedImport } of ended) if (appliedImport) await settleImport(parts.services, appliedImport);
}

async function withdraw(ended: readonly EndedAttempt[], parts: SettleParts): Promise<void> {
  if (!parts.queueIsUp()) return;
  const byWorker = new Map<string, string[]>();
  for (const { workerId, attemptId } of ended) byWorker.set(workerId, [...(byWorker.get(workerId) ?? []), attemptId]);
  for (const [workerId, attempts] of byWorker) parts.signals.send(workerId, { type: 'stop', attempts });
  try {
    await parts.queues.withdraw(
      ended.map(({ workerId, kind, taskId, number }) => ({
        workerId,
        lane: laneOf(kind),
        deliveryId: deliveryId(taskId, number),
      })),
    );
  } catch (error) {
    parts.services.log.info(
      { err: error },
      'ended deliveries stay in Redis; their workers hear it when they claim them',
    );
  }
}
