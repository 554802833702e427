/** A worker comes: it gets an id, a secret and its own access to Redis. */
import {
  HEARTBEAT_MS,
  KilnError,
  type RegisterRequest,
  type Registration,
  WORKER_PROTOCOLS,
  type WorkerIdentity,
} from '@kiln/shared';
import { sql } from 'kysely';
import { tellWorkers } from '../dispatch/lost-work.ts';
import type { Change } from '../events/changes.ts';
import { QUEUE_PREFIX, queueName } from '../queue/delivery-queues.ts';
import type { WorkerAccess } from '../queue/worker-access.ts';
import { signalChannel } from '../queue/worker-signals.ts';
import type { Services } from '../services.ts';
import { EXCHANGE_LIMITS } from './exchange-limits.ts';
import { hashSecret, newSecret } from './secrets.ts';

export interface RegisterParts {
  readonly services: Pick<Services, 'store' | 'newId' | 'random' | 'log'>;
  readonly change: Change;
  readonly access: WorkerAccess;
  readonly leaseMs: number;
}

/**
 * @throws KilnError `protocol.version` when it speaks none of the accepted versions; `storage.unavailable` while Redis
 *   is away.
 */
export async function registerWorker(request: RegisterRequest, parts: RegisterParts): Promise<Registration> {
  const { services, change, access, leaseMs } = parts;
  const { identity } = request;
  const protocol = agreeOnProtocol(identity.protocols);
  const workerId = (await resumable(request, parts)) ?? services.newId('worker');
  const workerSecret = newSecret(services.random);
  const secretHash = hashSecret(workerSecret);
  const redis = await access.grant(workerId, secretHash);
  const values = {
    id: workerId,
    secret_hash: secretHash,
    identity: JSON.stringify(identity),
    status: null,
    state: 'ready' as const,
    seen_at: sql<Date>`now()`,
  };
  await change(async (trx, tell) => {
    await trx
      .insertInto('workers')
      .values(values)
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet({
          secret_hash: secretHash,
          identity: values.identity,
          state: 'ready',
          seen_at: sql<Date>`now()`,
        }),
      )
      .execute();
    await tellWorkers(trx, tell);
  });
  services.log.info(
    { workerId, name: identity.name, pid: identity.pid, slots: identity.slots, renderer: identity.renderer },
    'a worker registered',
  );
  return {
    workerId,
    workerSecret,
    protocol,
    leaseMs,
    heartbeatMs: HEARTBEAT_MS,
    exchange: EXCHANGE_LIMITS,
    redis: {
      ...redis,
      prefix: QUEUE_PREFIX,
      renderQueue: queueName(workerId, 'render'),
      urgentQueue: queueName(workerId, 'urgent'),
      importQueue: queueName(workerId, 'import'),
      filmQueue: queueName(workerId, 'film'),
      signalChannel: signalChannel(workerId),
    },
  };
}

/** Newest version that both speak. */
function agreeOnProtocol(offered: readonly number[]): number {
  const protocol = WORKER_PROTOCOLS.find((version) => offered.includes(version));
  if (protocol !== undefined) return protocol;
  throw new KilnError(
    'protocol.version',
    `this server speaks worker protocol ${WORKER_PROTOCOLS.join(', ')}, the worker ${offered.join(', ')}; update the older`,
  );
}

/** The id that the same process had, so that what it holds stays its own. */
async function resumable({ resume, identity }: RegisterRequest, { services }: RegisterParts): Promise<string | null> {
  if (resume === undefined) return null;
  const row = await services.store.db
    .selectFrom('workers')
    .select(['id', 'identity'])
    .where('id', '=', resume)
    .executeTakeFirst();
  return row && isSameProcess(row.identity, identity) ? row.id : null;
}

const isSameProcess = (a: WorkerIdentity, b: WorkerIdentity) => a.name === b.name && a.pid === b.pid;
