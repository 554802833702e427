/** Tokens by which pages of other sites open live views ([LV29]): made, listed, revoked, and looked at when one comes. */
import {
  type IdKind,
  KilnError,
  LIMITS,
  type Token,
  type TokenAccess,
  type TokenCreated,
  type TokenRequest,
} from '@kiln/shared';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Clock } from '../services.ts';
import type { Database } from '../store/tables.ts';
import type { SigningKey } from './signing-key.ts';
import { readToken, tokenText } from './token-text.ts';

export interface ViewTokensParts {
  readonly db: Kysely<Database>;
  readonly key: SigningKey;
  readonly clock: Clock;
  readonly newId: (kind: IdKind) => string;
  /** Ends sessions, and closes whoever the token let in, wherever they are. */
  readonly onRevoked: (tokenId: string, sessionIds: readonly string[]) => Promise<void>;
}

/** What a token lets its bearer do. */
export interface Admission {
  readonly tokenId: string;
  readonly tenantId: string;
  readonly access: TokenAccess;
  readonly maxSessions: number;
  readonly maxSamples: number;
  readonly expiresAt: Date;
  /** It opens no session any more; one that is open goes on. */
  readonly isExpired: boolean;
}

export interface TokenUse {
  readonly sceneId: string;
  /** Of the page; undefined where no browser asks. */
  readonly origin: string | undefined;
  /** Of the farm’s own pages. */
  readonly isOwnPage: boolean;
}

const LISTED = 1_000;

type Row = Selectable<Database['view_tokens']>;

export class ViewTokens {
  readonly #parts: ViewTokensParts;

  constructor(parts: ViewTokensParts) {
    this.#parts = parts;
  }

  /** @throws KilnError `resource.not_found` for a scene that the tenant does not have. */
  async create(tenantId: string, request: TokenRequest): Promise<TokenCreated> {
    const { db, key, clock, newId } = this.#parts;
    const { sceneIds, access = 'drive', origins, ttlSec = 3_600, maxSessions = 1, label = null } = request;
    const { maxSamples = LIMITS.tokenSamples, maxDrawnSec = null } = request;
    await this.#requireScenes(tenantId, sceneIds);
    // Whole seconds, as the text has it.
    const expiresAt = new Date(Math.floor(clock.now().getTime() / 1_000 + ttlSec) * 1_000);
    const row = await db
      .insertInto('view_tokens')
      .values({
        id: newId('token'),
        tenant_id: tenantId,
        scene_ids: JSON.stringify(sceneIds),
        access,
        origins: JSON.stringify(origins),
        max_sessions: maxSessions,
        max_samples: maxSamples,
        max_drawn_sec: maxDrawnSec,
        label,
        expires_at: expiresAt,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return { ...viewOf(row, 0), token: tokenText({ id: row.id, expiresAt }, await key.read()) };
  }

  async #requireScenes(tenantId: string, sceneIds: readonly string[]): Promise<void> {
    const rows = await this.#parts.db
      .selectFrom('scenes')
      .select('id')
      .where('tenant_id', '=', tenantId)
      .where('id', 'in', sceneIds)
      .where('kind', '=', 'scene')
      .where('deleted_at', 'is', null)
      .execute();
    const known = new Set(rows.map(({ id }) => id));
    const at = sceneIds.findIndex((id) => !known.has(id));
    if (at < 0) return;
    throw new KilnError('resource.not_found', `there is no scene ${sceneIds[at]}`, { field: `/sceneIds/${at}` });
  }

  async list(tenantId: string): Promise<Token[]> {
    const rows = await this.#parts.db
      .selectFrom('view_tokens as t')
      .selectAll('t')
      .select((eb) =>
        eb
          .selectFrom('sessions as s')
          .select((inner) => inner.fn.countAll<number>().as('n'))
          .whereRef('s.token_id', '=', 't.id')
          .where('s.state', '!=', 'ended')
          .as('open'),
      )
      .where('t.tenant_id', '=', tenantId)
      .orderBy('t.created_at', 'desc')
      .orderBy('t.id')
      .limit(LISTED)
      .execute();
    return rows.map((row) => viewOf(row, Number(row.open ?? 0)));
  }

  /** Revoking again is no error. @throws KilnError `resource.not_found` */
  async revoke(tenantId: string, tokenId: string): Promise<void> {
    const { db, onRevoked } = this.#parts;
    const row = await db
      .updateTable('view_tokens')
      .set({ revoked_at: sql<Date>`coalesce(revoked_at, now())` })
      .where('id', '=', tokenId)
      .where('tenant_id', '=', tenantId)
      .returning('id')
      .executeTakeFirst();
    if (!row) throw new KilnError('resource.not_found', `there is no token ${tokenId}`);
    const open = await db
      .selectFrom('sessions')
      .select('id')
      .where('token_id', '=', tokenId)
      .where('state', '!=', 'ended')
      .execute();
    await onRevoked(
      tokenId,
      open.map(({ id }) => id),
    );
  }

  /**
   * [LV29]
   *
   * @returns null for one that this farm has not made.
   * @throws KilnError `identity.missing` for one that was revoked; `identity.token_expired` once it is no more known;
   *   `identity.forbidden` for another scene, or on another page.
   */
  async admit(text: string, { sceneId, origin, isOwnPage }: TokenUse): Promise<Admission | null> {
    const { db, key, clock } = this.#parts;
    const signed = readToken(text, await key.read());
    if (signed === null) return null;
    const row = await db.selectFrom('view_tokens').selectAll().where('id', '=', signed.id).executeTakeFirst();
    if (!row) throw tokenExpired(signed.expiresAt);
    if (row.revoked_at) throw new KilnError('identity.missing', '[LV29] the token was revoked');
    if (!isOwnPage && !row.origins.includes('*') && (origin === undefined || !row.origins.includes(origin))) {
      const from = origin === undefined ? 'what is no page' : `pages of ${origin}`;
      throw new KilnError('identity.forbidden', `[LV29] the token is not for ${from}: its origins say for which`);
    }
    if (!row.scene_ids.includes(sceneId)) {
      throw new KilnError('identity.forbidden', `[LV29] the token does not open scene ${sceneId}`);
    }
    return {
      tokenId: row.id,
      tenantId: row.tenant_id,
      access: row.access,
      maxSessions: row.max_sessions,
      maxSamples: row.max_samples,
      expiresAt: row.expires_at,
      isExpired: row.expires_at <= clock.now(),
    };
  }
}

export const tokenExpired = (at: Date) =>
  new KilnError('identity.token_expired', `[LV29] the token expired at ${at.toISOString()}: get a new one`);

export const tokenSpent = () =>
  new KilnError('identity.token_spent', '[LV43] workers have drawn for this token as long as they may: get a new one');

const viewOf = (row: Row, openSessions: number): Token => ({
  id: row.id,
  sceneIds: row.scene_ids,
  access: row.access,
  origins: row.origins,
  maxSessions: row.max_sessions,
  maxSamples: row.max_samples,
  label: row.label,
  openSessions,
  drawnSec: row.drawn_sec,
  maxDrawnSec: row.max_drawn_sec,
  createdAt: row.created_at.toISOString(),
  expiresAt: row.expires_at.toISOString(),
  revokedAt: row.revoked_at?.toISOString() ?? null,
});
