/** Workers as the API shows them: a member sees only its own browsers and scenes on them. */
import type { Worker } from '@kiln/shared';
import type { Kysely } from 'kysely';
import type { Identity } from '../identity/identities.ts';
import type { Database } from '../store/tables.ts';

export async function readWorkers(db: Kysely<Database>, identity: Identity): Promise<Worker[]> {
  const rows = await db
    .selectFrom('workers')
    .selectAll()
    .where('state', '!=', 'gone')
    .orderBy('registered_at')
    .orderBy('id')
    .execute();
  const [sessions, attempts] = await Promise.all([countSessions(db), countAttempts(db)]);
  const mayAll = identity.role === 'operator';
  return rows.map((row): Worker => {
    const isSeen = ({ tenantId }: { readonly tenantId: string }) => mayAll || tenantId === identity.tenantId;
    const browsers = (row.status?.browsers ?? []).filter(isSeen);
    const own = browsers.find(({ tenantId }) => tenantId === identity.tenantId);
    return {
      ...row.identity,
      id: row.id,
      state: row.state,
      browserPid: (own ?? browsers[0])?.pid ?? null,
      browsers,
      scenes: (row.status?.scenes ?? []).filter(isSeen),
      sessions: sessions.get(row.id) ?? 0,
      attempts: attempts.get(row.id) ?? 0,
      cacheBytes: row.status?.cacheBytes ?? 0,
      nodeRssBytes: row.status?.nodeRssBytes ?? 0,
      browserRssBytes: row.status?.browserRssBytes ?? 0,
      registeredAt: row.registered_at.toISOString(),
      seenAt: row.seen_at.toISOString(),
    };
  });
}

async function countSessions(db: Kysely<Database>): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('sessions')
    .select((eb) => ['worker_id', eb.fn.countAll<number>().as('n')])
    .where('state', '!=', 'ended')
    .where('worker_id', 'is not', null)
    .groupBy('worker_id')
    .execute();
  return new Map(rows.flatMap((row) => (row.worker_id === null ? [] : [[row.worker_id, Number(row.n)] as const])));
}

async function countAttempts(db: Kysely<Database>): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('attempts')
    .select((eb) => ['worker_id', eb.fn.countAll<number>().as('n')])
    .where('state', 'in', ['assigned', 'running'])
    .groupBy('worker_id')
    .execute();
  return new Map(rows.map((row) => [row.worker_id, Number(row.n)]));
}
