/**
 * Redis compared with the truth. A delivery that has not begun and is in no queue is sent again; one that waits where it
 * should has its lease extended, for its worker cannot know of it yet; one that no worker takes is taken back.
 */
import { type Kysely, sql } from 'kysely';
import type { Logger } from 'pino';
import { type AddressedDelivery, type DeliveryQueues, deliveryId } from '../queue/delivery-queues.ts';
import type { Database } from '../store/tables.ts';
import { laneOf } from './candidate.ts';
import type { AttemptEnd } from './end-attempts.ts';
import { fromNow } from './lease-time.ts';
import { DISPATCH_LIMITS } from './limits.ts';

interface WaitingDelivery extends AddressedDelivery {
  readonly ageMs: number;
  readonly workerRuns: boolean;
}

export interface Reconciled {
  readonly sentAgain: number;
  /** Attempts that their worker does not begin although it has nothing else to do. */
  readonly untaken: readonly AttemptEnd[];
  readonly untakenBy: ReadonlySet<string>;
}

export interface ReconcilerParts {
  readonly db: Kysely<Database>;
  readonly queues: DeliveryQueues;
  readonly leaseMs: number;
  readonly log: Logger;
  /** Milliseconds that never jump. */
  readonly monotonicMs: () => number;
}

export class Reconciler {
  readonly #parts: ReconcilerParts;
  /** Since when workers have had deliveries and have done nothing. */
  readonly #idleSince = new Map<string, number>();

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  /** @throws KilnError `storage.unavailable` while Redis is away. */
  async reconcile(): Promise<Reconciled> {
    const { db, leaseMs } = this.#parts;
    const waiting = await waitingDeliveries(db);
    const byWorker = new Map<string, WaitingDelivery[]>();
    for (const delivery of waiting) {
      const list = byWorker.get(delivery.workerId);
      if (list) list.push(delivery);
      else byWorker.set(delivery.workerId, [delivery]);
    }
    for (const workerId of this.#idleSince.keys()) if (!byWorker.has(workerId)) this.#idleSince.delete(workerId);
    let sentAgain = 0;
    const untaken: AttemptEnd[] = [];
    const untakenBy = new Set<string>();
    for (const [workerId, deliveries] of byWorker) {
      const sent = await this.#sendMissing(workerId, deliveries);
      sentAgain += sent;
      if (!this.#isStuck(workerId, sent > 0 || deliveries.some(({ workerRuns }) => workerRuns))) continue;
      this.#idleSince.delete(workerId);
      untakenBy.add(workerId);
      for (const { delivery } of deliveries) untaken.push(untakenEnd(delivery.attemptId));
    }
    await extendLeases(db, waiting, leaseMs);
    return { sentAgain, untaken, untakenBy };
  }

  async #sendMissing(workerId: string, deliveries: readonly WaitingDelivery[]): Promise<number> {
    const { db, queues, log } = this.#parts;
    const present = await queues.present(workerId);
    const missing = deliveries.filter(
      ({ delivery, attemptNumber, ageMs }) =>
        // Negative after the database's clock was set back.
        Math.abs(ageMs) > DISPATCH_LIMITS.deliveryGraceMs && !present.has(deliveryId(delivery.taskId, attemptNumber)),
    );
    // Between the two looks some may have begun and ended.
    const lost = await stillWaiting(db, missing);
    if (lost.length === 0) return 0;
    await queues.add(lost);
    log.warn({ workerId, deliveries: lost.length }, 'deliveries were gone from Redis and were sent again');
    return lost.length;
  }

  /** A worker that has had deliveries for a whole lease and began none does not hear its queue. */
  #isStuck(workerId: string, isActive: boolean): boolean {
    const now = this.#parts.monotonicMs();
    const since = this.#idleSince.get(workerId);
    if (isActive || since === undefined) this.#idleSince.set(workerId, now);
    return !isActive && since !== undefined && now - since > this.#parts.leaseMs;
  }
}

const untakenEnd = (attemptId: string): AttemptEnd => ({
  attemptId,
  state: 'withdrawn',
  reason: 'worker.lost',
  message: 'the worker did not take the delivery from its queue',
  retry: 'free',
});

async function waitingDeliveries(db: Kysely<Database>): Promise<WaitingDelivery[]> {
  const rows = await db
    .selectFrom('attempts as a')
    .innerJoin('tasks as t', 't.id', 'a.task_id')
    .innerJoin('workers as w', 'w.id', 'a.worker_id')
    .select((eb) => [
      'a.id',
      'a.task_id',
      'a.number',
      'a.worker_id',
      'a.lease_token',
      't.kind',
      sql<number>`extract(epoch from now() - a.created_at)::float8 * 1000`.as('age_ms'),
      eb
        .exists(
          eb
            .selectFrom('attempts as r')
            .select('r.id')
            .whereRef('r.worker_id', '=', 'a.worker_id')
            .where('r.state', '=', 'running'),
        )
        .as('worker_runs'),
    ])
    .where('a.state', '=', 'assigned')
    .where('w.state', '=', 'ready')
    .orderBy('a.created_at')
    .execute();
  return rows.map((row) => ({
    workerId: row.worker_id,
    lane: laneOf(row.kind),
    attemptNumber: row.number,
    delivery: { attemptId: row.id, taskId: row.task_id, leaseToken: row.lease_token },
    ageMs: Number(row.age_ms),
    workerRuns: Boolean(row.worker_runs),
  }));
}

async function stillWaiting(db: Kysely<Database>, missing: readonly WaitingDelivery[]): Promise<WaitingDelivery[]> {
  if (missing.length === 0) return [];
  const rows = await db
    .selectFrom('attempts')
    .select('id')
    .where(
      'id',
      'in',
      missing.map(({ delivery }) => delivery.attemptId),
    )
    .where('state', '=', 'assigned')
    .execute();
  const open = new Set(rows.map((row) => row.id));
  return missing.filter(({ delivery }) => open.has(delivery.attemptId));
}

/** Only leases that are half over, to write less. */
async function extendLeases(db: Kysely<Database>, waiting: readonly WaitingDelivery[], leaseMs: number): Promise<void> {
  if (waiting.length === 0) return;
  await db
    .updateTable('attempts')
    .set({ lease_expires_at: fromNow(leaseMs) })
    .where(
      'id',
      'in',
      waiting.map(({ delivery }) => delivery.attemptId),
    )
    .where('state', '=', 'assigned')
    .where('lease_expires_at', '<', fromNow(leaseMs / 2))
    .execute();
}
