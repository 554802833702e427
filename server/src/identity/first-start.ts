/** What the first start makes, and what a later one makes again when it was lost. */
import { hostname } from 'node:os';
import { type Kysely, sql } from 'kysely';
import type { Logger } from 'pino';
import type { RandomBytes, Services } from '../services.ts';
import { LOCK_KEYS } from '../store/lock-keys.ts';
import type { Database } from '../store/tables.ts';
import { newSecret } from '../workers/secrets.ts';
import { credentialsPath, readCredentials } from './credentials-file.ts';
import { StoreKeys } from './store-identities.ts';
import { createKey, createTenant } from './tenants.ts';

const FIRST_TENANT = 'default';

type FirstStartServices = Pick<Services, 'clock' | 'newId'> & {
  readonly home: string;
  readonly db: Kysely<Database>;
  readonly random: RandomBytes;
  readonly log: Logger;
};

export interface FirstStart {
  readonly tenantName: string;
  readonly apiKey: string;
  /** Kept in the file between starts; a token in the environment goes before it. */
  readonly workerToken: string;
  /** A tenant that was made just now, and has nothing yet. */
  readonly newTenantId: string | null;
}

/** Finds or makes the first tenant, and a key for it that the credentials file has. */
export async function ensureCredentials(services: FirstStartServices): Promise<FirstStart> {
  const { db, home, log, random } = services;
  const kept = await readCredentials(home);
  const workerToken = kept?.workerToken ?? newSecret(random);
  const known = kept === null ? null : await new StoreKeys(db, services.clock).ofKey(kept.apiKey);
  if (kept !== null && known !== null) {
    return { tenantName: known.tenantName, apiKey: kept.apiKey, workerToken, newTenantId: null };
  }
  const made = await db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(${sql.lit(LOCK_KEYS.tenants)})`.execute(tx);
    const first = await tx
      .selectFrom('tenants')
      .select(['id', 'name'])
      .orderBy('created_at')
      .orderBy('id')
      .limit(1)
      .executeTakeFirst();
    if (first === undefined) {
      const { tenantId, apiKey } = await createTenant(tx, services, { name: FIRST_TENANT, role: 'operator' });
      return { tenantName: FIRST_TENANT, apiKey, newTenantId: tenantId };
    }
    const name = `credentials file of ${hostname()}`;
    const apiKey = await createKey(tx, services, { tenantId: first.id, role: 'operator', name });
    return { tenantName: first.name, apiKey, newTenantId: null };
  });
  if (made.newTenantId === null) {
    const why = kept === null ? 'was not there' : 'held a key that this database does not know';
    log.warn(`${credentialsPath(home)} ${why}: a new operator’s key for tenant “${made.tenantName}” is in it now`);
  }
  return { ...made, workerToken };
}
