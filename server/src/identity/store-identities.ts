/** Identities that the store knows. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Role } from '@kiln/shared';
import type { Kysely } from 'kysely';
import { Remembered } from '../jobs/remembered.ts';
import type { Clock } from '../services.ts';
import type { Database } from '../store/tables.ts';
import { hashSecret } from '../workers/secrets.ts';
import { isSecretOf, parseApiKey } from './api-key.ts';
import type { Identities, Identity } from './identities.ts';
import { sessionTokenOf } from './session-cookie.ts';

/** A key that was good is taken to be good for so long: a burst of requests looks it up once. */
const TRUSTED_MS = 3_000;
const KEPT_KEYS = 1_000;

interface KnownTenant {
  readonly tenantId: string;
  readonly tenantName: string;
  readonly role: Role;
}

/** API keys that the store knows. */
export class StoreKeys {
  readonly #db: Kysely<Database>;
  readonly #clock: Clock;
  readonly #keys = new Remembered<{ readonly known: KnownTenant; readonly untilMs: number }>(KEPT_KEYS);

  constructor(db: Kysely<Database>, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async ofKey(text: string): Promise<KnownTenant | null> {
    const hash = hashSecret(text);
    const remembered = this.#keys.get(hash);
    if (remembered !== undefined && remembered.untilMs > this.#clock.monotonicMs()) return remembered.known;
    const known = await this.#findKey(text);
    if (known !== null) this.#keys.set(hash, { known, untilMs: this.#clock.monotonicMs() + TRUSTED_MS });
    return known;
  }

  async #findKey(text: string): Promise<KnownTenant | null> {
    const key = parseApiKey(text);
    if (key === null) return null;
    const row = await this.#db
      .selectFrom('api_keys')
      .innerJoin('tenants', 'tenants.id', 'api_keys.tenant_id')
      .select(['api_keys.tenant_id as tenantId', 'tenants.name as tenantName', 'api_keys.role', 'api_keys.secret_hash'])
      .where('api_keys.id', '=', key.id)
      .where('api_keys.revoked_at', 'is', null)
      .executeTakeFirst();
    if (row === undefined || !isSecretOf(key.secret, row.secret_hash)) return null;
    return { tenantId: row.tenantId, tenantName: row.tenantName, role: row.role };
  }
}

export class StoreIdentities implements Identities {
  readonly #db: Kysely<Database>;
  readonly #clock: Clock;
  readonly #farmUrl: () => string;
  readonly #keys: StoreKeys;

  /** @param farmUrl by which browsers reach the farm. */
  constructor(db: Kysely<Database>, clock: Clock, farmUrl: () => string) {
    this.#db = db;
    this.#clock = clock;
    this.#farmUrl = farmUrl;
    this.#keys = new StoreKeys(db, clock);
  }

  /** A wrong key is not made good by a right cookie. */
  async ofHeaders(headers: IncomingHttpHeaders): Promise<Identity | null> {
    if (headers.authorization !== undefined) {
      const [, key] = /^Bearer +(\S+) *$/i.exec(headers.authorization) ?? [];
      const known = key === undefined ? null : await this.#keys.ofKey(key);
      return known === null ? null : { ...known, by: 'key' };
    }
    const token = sessionTokenOf(headers, this.#farmUrl());
    const known = token === null ? null : await this.#ofToken(token);
    return known === null ? null : { ...known, by: 'cookie' };
  }

  async #ofToken(token: string): Promise<KnownTenant | null> {
    const row = await this.#db
      .selectFrom('web_sessions')
      .innerJoin('tenants', 'tenants.id', 'web_sessions.tenant_id')
      .select(['web_sessions.tenant_id as tenantId', 'tenants.name as tenantName', 'web_sessions.role'])
      .where('token_hash', '=', hashSecret(token))
      .where('expires_at', '>', this.#clock.now())
      .executeTakeFirst();
    return row ?? null;
  }
}
