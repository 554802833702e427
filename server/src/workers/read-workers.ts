/** Workers as the API shows them: a member sees only what is its own on them. */
import type { Worker } from '@kiln/shared';
import type { Kysely, Selectable } from 'kysely';
import type { Identity } from '../identity/identities.ts';
import type { Database } from '../store/tables.ts';

type WorkerRow = Pick<Selectable<Database['workers']>, 'suspended_until' | 'suspended_for' | 'canary_due'>;

export async function readWorkers(db: Kysely<Database>, identity: Identity): Promise<Worker[]> {
  const rows = await db
    .selectFrom('workers')
    .selectAll()
    .where('state', '!=', 'gone')
    .orderBy('registered_at')
    .orderBy('id')
    .execute();
  const mayAll = identity.role === 'operator';
  const of = mayAll ? null : identity.tenantId;
  const [sessions, attempts] = await Promise.all([countSessions(db, of), countAttempts(db, of)]);
  return rows.map((row): Worker => {
    const isSeen = ({ tenantId }: { readonly tenantId: string }) => mayAll || tenantId === identity.tenantId;
    const status = mayAll ? row.status : null;
    const browsers = status?.browsers ?? [];
    const own = browsers.find(({ tenantId }) => tenantId === identity.tenantId);
    return {
      ...row.identity,
      id: row.id,
      state: row.state,
      pid: mayAll ? row.identity.pid : null,
      browserPid: (own ?? browsers[0])?.pid ?? null,
      browsers,
      scenes: (row.status?.scenes ?? []).filter(isSeen),
      sessions: sessions.get(row.id) ?? 0,
      attempts: attempts.get(row.id) ?? 0,
      cacheBytes: status?.cacheBytes ?? 0,
      nodeRssBytes: status?.nodeRssBytes ?? 0,
      browserRssBytes: status?.browserRssBytes ?? 0,
      registeredAt: row.registered_at.toISOString(),
      seenAt: row.seen_at.toISOString(),
      ...suspensionOf(row),
    };
  });
}

function suspensionOf({
  suspended_until: until,
  suspended_for: suspendedFor,
  canary_due: isCanaryDue,
}: WorkerRow): Pick<Worker, 'suspendedUntil' | 'suspendedFor'> {
  return until !== null && (isCanaryDue || until.getTime() > Date.now())
    ? { suspendedUntil: until.toISOString(), suspendedFor }
    : { suspendedUntil: null, suspendedFor: null };
}

/** @param of a tenant's id; null: of all tenants. */
async function countSessions(db: Kysely<Database>, of: string | null): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('sessions')
    .select((eb) => ['worker_id', eb.fn.countAll<number>().as('n')])
    .where('state', '!=', 'ended')
    .where('worker_id', 'is not', null)
    .$if(of !== null, (query) => query.where('tenant_id', '=', of))
    .groupBy('worker_id')
    .execute();
  return new Map(rows.flatMap((row) => (row.worker_id === null ? [] : [[row.worker_id, Number(row.n)] as const])));
}

/** @param of a tenant's id; null: of all tenants. */
async function countAttempts(db: Kysely<Database>, of: string | null): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('attempts')
    .innerJoin('tasks', 'tasks.id', 'attempts.task_id')
    .select((eb) => ['worker_id', eb.fn.countAll<number>().as('n')])
    .where('attempts.state', 'in', ['assigned', 'running'])
    .$if(of !== null, (query) => query.where('tasks.tenant_id', '=', of))
    .groupBy('worker_id')
    .execute();
  return new Map(rows.map((row) => [row.worker_id, Number(row.n)]));
}
