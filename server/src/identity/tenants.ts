/** Tenants and their first keys. */
import { KilnError, LIMITS, type Role, type Tenant } from '@kiln/shared';
import type { FastifyInstance } from 'fastify';
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { laneOf } from '../dispatch/candidate.ts';
import { partLeft } from '../dispatch/share-accounts.ts';
import { readUsage } from '../dispatch/snapshot.ts';
import { route } from '../http/route.ts';
import type { Services } from '../services.ts';
import { LOCK_KEYS } from '../store/lock-keys.ts';
import type { Database } from '../store/tables.ts';
import { newApiKey } from './api-key.ts';

type KeyMaker = Pick<Services, 'newId' | 'random'>;

export interface TenantWithKey {
  readonly tenantId: string;
  /** Shown once; the store has its hash. */
  readonly apiKey: string;
}

/** @throws KilnError `resource.conflict` when a tenant has this name. */
export async function createTenant(
  tx: Transaction<Database>,
  services: KeyMaker,
  tenant: { readonly name: string; readonly role: Role },
): Promise<TenantWithKey> {
  await sql`select pg_advisory_xact_lock(${sql.lit(LOCK_KEYS.tenants)})`.execute(tx);
  const { name } = tenant;
  if ((await tx.selectFrom('tenants').select('id').where('name', '=', name).executeTakeFirst()) !== undefined) {
    const message = `there is a tenant ${JSON.stringify(name)} already: give this one another name`;
    throw new KilnError('resource.conflict', message, { field: '/name' });
  }
  const tenantId = services.newId('tenant');
  await tx.insertInto('tenants').values({ id: tenantId, name }).execute();
  return { tenantId, apiKey: await createKey(tx, services, { tenantId, role: tenant.role, name: 'first key' }) };
}

/** @returns the key's text. */
export async function createKey(
  tx: Transaction<Database>,
  services: KeyMaker,
  key: { readonly tenantId: string; readonly role: Role; readonly name: string },
): Promise<string> {
  const { id, text, secretHash } = newApiKey(services.newId, services.random);
  await tx
    .insertInto('api_keys')
    .values({ id, tenant_id: key.tenantId, role: key.role, name: key.name, secret_hash: secretHash, revoked_at: null })
    .execute();
  return text;
}

/** @param onCreated gives the tenant what every new one finds, such as the sample scene. */
export function registerTenants(
  app: FastifyInstance,
  services: Pick<Services, 'store' | 'newId' | 'random' | 'config' | 'clock'>,
  onCreated: (tenantId: string) => Promise<void>,
): void {
  const { db } = services.store;

  const views = async (rows: readonly TenantRow[]): Promise<Tenant[]> => {
    const held = await heldSlots(db);
    return rows.map((row) => tenantView(row, held.get(row.id) ?? 0, services));
  };
  const view = async (row: TenantRow): Promise<Tenant> => {
    const [tenant] = await views([row]);
    if (!tenant) throw new Error('a row has a view');
    return tenant;
  };

  route(app, 'createTenant', async ({ body }) => {
    const { tenantId, apiKey } = await db
      .transaction()
      .execute((tx) => createTenant(tx, services, { name: body.name, role: 'member' }));
    await onCreated(tenantId);
    const row = await db.selectFrom('tenants').selectAll().where('id', '=', tenantId).executeTakeFirstOrThrow();
    return { tenant: await view(row), apiKey };
  });

  route(app, 'changeTenant', async ({ params, body }) => {
    const row = await db.transaction().execute(async (tx) => {
      const before = await tx
        .selectFrom('tenants')
        .selectAll()
        .where('id', '=', params.tenantId)
        .forUpdate()
        .executeTakeFirst();
      if (!before) throw new KilnError('resource.not_found', `there is no tenant ${params.tenantId}`);
      const { maxOpenTasks = before.max_open_tasks, weight = before.share_weight } = body;
      const { minSlots = before.min_slots, maxSlots = before.max_slots } = body;
      if (maxSlots !== null && minSlots > maxSlots) {
        const field = body.maxSlots === undefined ? '/minSlots' : '/maxSlots';
        const message = `a tenant that is promised ${minSlots} slots cannot be limited to ${maxSlots}`;
        throw new KilnError('request.invalid', message, { field });
      }
      return tx
        .updateTable('tenants')
        .set({ max_open_tasks: maxOpenTasks, share_weight: weight, min_slots: minSlots, max_slots: maxSlots })
        .$if(maxSlots !== before.max_slots, (query) => query.set({ limits_at: sql<Date>`now()` }))
        .where('id', '=', params.tenantId)
        .returningAll()
        .executeTakeFirstOrThrow();
    });
    return view(row);
  });

  route(app, 'listTenants', async () => {
    const rows = await db.selectFrom('tenants').selectAll().orderBy('created_at').orderBy('id').execute();
    return { items: await views(rows) };
  });
}

type TenantRow = Selectable<Database['tenants']>;

/** Deliveries of frames under way, by tenant. */
async function heldSlots(db: Kysely<Database>): Promise<ReadonlyMap<string, number>> {
  const held = new Map<string, number>();
  for (const { kind, tenant_id, n } of await readUsage(db)) {
    if (laneOf(kind) === 'render') held.set(tenant_id, (held.get(tenant_id) ?? 0) + n);
  }
  return held;
}

function tenantView(row: TenantRow, held: number, { config, clock }: Pick<Services, 'config' | 'clock'>): Tenant {
  const ageMs = Math.max(0, clock.now().getTime() - row.used_at.getTime());
  return {
    id: row.id,
    name: row.name,
    maxOpenTasks: row.max_open_tasks ?? LIMITS.openTasksPerTenant,
    weight: row.share_weight,
    minSlots: row.min_slots,
    maxSlots: row.max_slots,
    heldSlots: held,
    usedSlotSec: row.used_slot_sec * partLeft(ageMs, config.shareHalfLifeMs),
    createdAt: row.created_at.toISOString(),
  };
}
