/** Tenants and their first keys. */
import { KilnError, LIMITS, type Role, type Tenant } from '@kiln/shared';
import type { FastifyInstance } from 'fastify';
import { type Selectable, sql, type Transaction } from 'kysely';
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
  services: Pick<Services, 'store' | 'newId' | 'random'>,
  onCreated: (tenantId: string) => Promise<void>,
): void {
  const { db } = services.store;

  route(app, 'createTenant', async ({ body }) => {
    const { tenantId, apiKey } = await db
      .transaction()
      .execute((tx) => createTenant(tx, services, { name: body.name, role: 'member' }));
    await onCreated(tenantId);
    const row = await db.selectFrom('tenants').selectAll().where('id', '=', tenantId).executeTakeFirstOrThrow();
    return { tenant: tenantView(row), apiKey };
  });

  route(app, 'changeTenant', async ({ params, body }) => {
    const row = await db
      .updateTable('tenants')
      .set({ max_open_tasks: body.maxOpenTasks })
      .where('id', '=', params.tenantId)
      .returningAll()
      .executeTakeFirst();
    if (!row) throw new KilnError('resource.not_found', `there is no tenant ${params.tenantId}`);
    return tenantView(row);
  });

  route(app, 'listTenants', async () => {
    const rows = await db.selectFrom('tenants').selectAll().orderBy('created_at').orderBy('id').execute();
    return { items: rows.map(tenantView) };
  });
}

const tenantView = (row: Selectable<Database['tenants']>): Tenant => ({
  id: row.id,
  name: row.name,
  maxOpenTasks: row.max_open_tasks ?? LIMITS.openTasksPerTenant,
  createdAt: row.created_at.toISOString(),
});
