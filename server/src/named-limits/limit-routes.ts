/** Limits that jobs may name: the operator sets them, of the whole farm or of one tenant. */
import { KilnError, type Limit, type LimitRequest } from '@kiln/shared';
import type { FastifyInstance } from 'fastify';
import { type Kysely, type Selectable, sql } from 'kysely';
import { LimitSettings } from '../dispatch/bounds.ts';
import { readHeld, readLimitSettings } from '../dispatch/read-bounds.ts';
import { route } from '../http/route.ts';
import type { Database } from '../store/tables.ts';

export interface LimitParts {
  readonly db: Kysely<Database>;
  /** What is given out from now on goes by what has changed. */
  readonly wake: () => void;
}

type LimitRow = Selectable<Database['limits']>;

export function registerLimits(app: FastifyInstance, { db, wake }: LimitParts): void {
  route(app, 'listLimits', async ({ identity }) => ({ items: await readLimits(db, identity.tenantId) }));
  route(app, 'listAllLimits', async () => ({ items: await views(db, await readAll(db)) }));
  route(app, 'setLimit', async ({ params, body }) => {
    const [limit] = await views(db, [await setLimit(db, params.name, body)]);
    wake();
    if (!limit) throw new Error('a row has a view');
    return limit;
  });
  route(app, 'removeLimit', async ({ params, query }) => {
    await removeLimit(db, params.name, query.tenantId ?? null);
    wake();
    return {};
  });
}

const ofTenant = (tenantId: string | null) => sql<boolean>`tenant_id is not distinct from ${tenantId}::text`;

/** @throws KilnError `request.invalid` for what limits nothing; `resource.not_found` for a tenant that is not there. */
async function setLimit(
  db: Kysely<Database>,
  name: string,
  { max, maxPerHost = null, tenantId = null }: LimitRequest,
): Promise<LimitRow> {
  if (max === null && maxPerHost === null) {
    const message = 'expected `max` or `maxPerHost`, or both: with neither it would limit nothing';
    throw new KilnError('request.invalid', message, { field: '/max' });
  }
  return db.transaction().execute(async (trx) => {
    if (tenantId !== null) {
      const tenant = await trx
        .selectFrom('tenants')
        .select('id')
        .where('id', '=', tenantId)
        .forKeyShare()
        .executeTakeFirst();
      if (!tenant) throw new KilnError('resource.not_found', `there is no tenant ${tenantId}`, { field: '/tenantId' });
    }
    const { rows } = await sql<LimitRow>`
      insert into limits (tenant_id, name, max_tasks, max_per_host) values (${tenantId}, ${name}, ${max}, ${maxPerHost})
      on conflict (name, coalesce(tenant_id, '')) do update
        set max_tasks = excluded.max_tasks, max_per_host = excluded.max_per_host, changed_at = now()
      returning *`.execute(trx);
    const [row] = rows;
    if (!row) throw new Error('a limit that is set has a row');
    return row;
  });
}

/** What counted for a tenant's limit counts for the farm's from now on. @throws KilnError `resource.not_found` */
async function removeLimit(db: Kysely<Database>, name: string, tenantId: string | null): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const removed = await trx
      .deleteFrom('limits')
      .where('name', '=', name)
      .where(ofTenant(tenantId))
      .returning('name')
      .executeTakeFirst();
    if (!removed) {
      const whose = tenantId === null ? '' : ` of tenant ${tenantId}`;
      throw new KilnError('resource.not_found', `there is no limit “${name}”${whose}`);
    }
    if (tenantId === null) return;
    await trx
      .updateTable('limits')
      .set({ changed_at: sql<Date>`now()` })
      .where('name', '=', name)
      .where('tenant_id', 'is', null)
      .execute();
  });
}

const readAll = (db: Kysely<Database>): Promise<LimitRow[]> =>
  db.selectFrom('limits').selectAll().orderBy('name').orderBy(sql`coalesce(tenant_id, '')`).execute();

/** Those that the tenant's jobs count for: its own before the farm's of the same name. */
async function readLimits(db: Kysely<Database>, tenantId: string): Promise<Limit[]> {
  const rows = await readAll(db);
  const own = new Set(rows.flatMap((row) => (row.tenant_id === tenantId ? [row.name] : [])));
  return views(
    db,
    rows.filter((row) => row.tenant_id === tenantId || (row.tenant_id === null && !own.has(row.name))),
  );
}

async function views(db: Kysely<Database>, rows: readonly LimitRow[]): Promise<Limit[]> {
  const settings = new LimitSettings(await readLimitSettings(db));
  const held = await readHeld(db);
  return rows.map((row) => ({
    name: row.name,
    tenantId: row.tenant_id,
    max: row.max_tasks,
    maxPerHost: row.max_per_host,
    inUse: held.reduce((sum, { tenantId, limits, n }) => {
      const counts = limits?.includes(row.name) && settings.find(tenantId, row.name)?.tenantId === row.tenant_id;
      return counts ? sum + n : sum;
    }, 0),
    changedAt: row.changed_at.toISOString(),
  }));
}
