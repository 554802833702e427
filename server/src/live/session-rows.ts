/** Sessions in the database: who draws which one, and until when each is kept. */
import type { SceneSource, Session, SessionOffer, SessionState, TokenAccess } from '@kiln/shared';
import { type Kysely, sql, type Transaction } from 'kysely';
import { fromNow } from '../dispatch/lease-time.ts';
import { LOCK_KEYS } from '../store/lock-keys.ts';
import type { Database } from '../store/tables.ts';
import { requireRoom } from '../tokens/session-room.ts';
import type { Admission } from '../tokens/view-tokens.ts';
import { type KeptSession, OWNER_ID } from './kept-session.ts';
import { serverSeenSince } from './live-servers.ts';
import { placeSession, type SessionDemand, type SessionNeed } from './placement.ts';

export interface NewSession {
  readonly id: string;
  readonly tenantId: string;
  readonly sceneId: string;
  readonly resumeTokenHash: string;
  /** By which it is opened; null: by an identity of its tenant. */
  readonly token: Pick<Admission, 'tokenId' | 'maxSessions'> | null;
}

/** An open one, as others than its server see it. */
export interface OpenRow {
  readonly id: string;
  readonly tenantId: string;
  readonly sceneId: string;
  /** Which holds its viewers; `''`: none. */
  readonly serverId: string;
  /** Where other servers reach that one; null: it is not there any more. */
  readonly serverUrl: string | null;
  readonly workerId: string | null;
  /** By which it was opened; null: by an identity of its tenant. */
  readonly tokenId: string | null;
  /** Of who opened it. */
  readonly resumeTokenHash: string;
  readonly access: TokenAccess;
  /** [LV43] */
  readonly maxSamples: number | null;
  readonly kept: KeptSession | null;
}

/** [LV42] Of a session whose server has let it go. */
const NO_SERVER = '';
const UNDRAWN = { worker_id: null, worker_token: '' } as const;

export interface SessionRowsParts {
  readonly db: Kysely<Database>;
  readonly serverId: string;
  /** WebSocket URL that workers dial to reach this server. */
  readonly dialUrl: () => string;
  readonly leaseMs: number;
  readonly workerLeaseMs: number;
  readonly scene: (sceneId: string) => Promise<SceneSource | null>;
}

/** Open sessions by tenant, without this one. */
async function demandsBeside(trx: Transaction<Database>, sessionId: string): Promise<SessionDemand[]> {
  const isWaiting = sql<boolean>`worker_id is null or state = 'stranded'`;
  const rows = await trx
    .selectFrom('sessions')
    .select((eb) => [
      'tenant_id',
      eb.fn.countAll<number>().as('open'),
      eb.fn.countAll<number>().filterWhere(isWaiting).as('waiting'),
    ])
    .where('state', '!=', 'ended')
    .where('id', '!=', sessionId)
    .groupBy('tenant_id')
    .execute();
  return rows.map((row) => {
    const waiting = Number(row.waiting);
    return { tenantId: row.tenant_id, drawn: Number(row.open) - waiting, waiting };
  });
}

export class SessionRows {
  readonly #parts: SessionRowsParts;
  /** Of this server, over for everybody: the database is told. */
  readonly #ending = new Set<string>();

  constructor(parts: SessionRowsParts) {
    this.#parts = parts;
  }

  /** @throws KilnError `request.too_many` when its token has as many open; `identity.missing`, `identity.token_spent`. */
  async create(session: NewSession): Promise<void> {
    await this.#parts.db.transaction().execute(async (trx) => {
      if (session.token) await requireRoom(trx, session.token);
      await this.#insert(trx, session);
    });
  }

  async #insert(trx: Transaction<Database>, session: NewSession): Promise<void> {
    const { serverId, dialUrl, leaseMs } = this.#parts;
    await trx
      .insertInto('sessions')
      .values({
        id: session.id,
        tenant_id: session.tenantId,
        scene_id: session.sceneId,
        state: 'opening',
        worker_id: null,
        server_id: serverId,
        dial_url: dialUrl(),
        worker_token: '',
        resume_token_hash: session.resumeTokenHash,
        kept: null,
        token_id: session.token?.tokenId ?? null,
        lease_expires_at: fromNow(leaseMs),
        ended_at: null,
      })
      .execute();
  }

  async countOpen(tenantId: string): Promise<number> {
    const row = await this.#parts.db
      .selectFrom('sessions')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('tenant_id', '=', tenantId)
      .where('state', '!=', 'ended')
      .executeTakeFirstOrThrow();
    return Number(row.n);
  }

  /** Gives the session to a worker with room. Null: there is none for its tenant now, or the session has ended. */
  place(sessionId: string, need: SessionNeed, workerToken: string): Promise<string | null> {
    return this.#parts.db.transaction().execute(async (trx) => {
      await sql`select pg_advisory_xact_lock(${sql.lit(LOCK_KEYS.placement)})`.execute(trx);
      const workers = await trx
        .selectFrom('workers as w')
        .select((eb) => [
          'w.id',
          'w.identity',
          'w.status',
          eb
            .selectFrom('sessions as s')
            .select((inner) => inner.fn.countAll<number>().as('n'))
            .whereRef('s.worker_id', '=', 'w.id')
            .where('s.state', '!=', 'ended')
            .where('s.id', '!=', sessionId)
            .as('sessions'),
          sql<boolean>`coalesce(w.suspended_until > now(), false)`.as('isSuspended'),
        ])
        .where('w.state', '=', 'ready')
        .where('w.canary_due', '=', false)
        .where('w.seen_at', '>', fromNow(-this.#parts.workerLeaseMs))
        .orderBy('w.id')
        .execute();
      const workerId = placeSession(
        workers.map((row) => ({ ...row, sessions: Number(row.sessions ?? 0) })),
        need,
        await demandsBeside(trx, sessionId),
      );
      if (workerId === null) return null;
      const updated = await trx
        .updateTable('sessions')
        .set({ worker_id: workerId, worker_token: workerToken, state: 'opening' })
        .where('id', '=', sessionId)
        .where('server_id', '=', this.#parts.serverId)
        .where('state', '!=', 'ended')
        .returning('id')
        .executeTakeFirst();
      return updated ? workerId : null;
    });
  }

  async setState(sessionId: string, state: Exclude<SessionState, 'ended'>): Promise<void> {
    const { db, leaseMs, serverId } = this.#parts;
    await db
      .updateTable('sessions')
      .set({ state, lease_expires_at: fromNow(leaseMs) })
      .where('id', '=', sessionId)
      .where('server_id', '=', serverId)
      .where('state', '!=', 'ended')
      .execute();
  }

  /** [LV42] */
  async keep(sessionId: string, kept: KeptSession): Promise<void> {
    const owner = kept.seats.find(({ id }) => id === OWNER_ID);
    await this.#parts.db
      .updateTable('sessions')
      .set({ kept: JSON.stringify(kept), lease_expires_at: fromNow(this.#parts.leaseMs) })
      .$if(owner !== undefined, (update) => update.set({ resume_token_hash: owner?.resumeHash ?? '' }))
      .where('id', '=', sessionId)
      .where('server_id', '=', this.#parts.serverId)
      .execute();
  }

  /**
   * [LV43] Adds what was drawn for a session, whether or not it is open, also to what its token has.
   *
   * @returns whether that has as much as it may.
   */
  async addDrawn(sessionId: string, drawnSec: number): Promise<boolean> {
    const { rows } = await sql<{ is_spent: boolean | null }>`
      with drawn as (
        update sessions set drawn_sec = drawn_sec + ${drawnSec} where id = ${sessionId} returning token_id
      )
      update view_tokens t set drawn_sec = t.drawn_sec + ${drawnSec} from drawn d where t.id = d.token_id
      returning t.drawn_sec >= t.max_drawn_sec as is_spent`.execute(this.#parts.db);
    return rows[0]?.is_spent === true;
  }

  /** Renews leases; answers the sessions that are still open, and this server's. */
  async renew(sessionIds: readonly string[]): Promise<ReadonlySet<string>> {
    if (sessionIds.length === 0) return new Set();
    const rows = await this.#parts.db
      .updateTable('sessions')
      .set({ lease_expires_at: fromNow(this.#parts.leaseMs) })
      .where('id', 'in', sessionIds)
      .where('server_id', '=', this.#parts.serverId)
      .where('state', '!=', 'ended')
      .returning('id')
      .execute();
    return new Set(rows.map((row) => row.id));
  }

  /** [LV29] Those of the tokens that were revoked. */
  async revoked(tokenIds: readonly string[]): Promise<string[]> {
    if (tokenIds.length === 0) return [];
    const rows = await this.#parts.db
      .selectFrom('view_tokens')
      .select('id')
      .where('id', 'in', [...new Set(tokenIds)])
      .where('revoked_at', 'is not', null)
      .execute();
    return rows.map(({ id }) => id);
  }

  /** @returns those that were open, with their workers. */
  async end(sessionIds: readonly string[]): Promise<{ id: string; workerId: string | null }[]> {
    if (sessionIds.length === 0) return [];
    const rows = await this.#parts.db
      .updateTable('sessions')
      .set({ state: 'ended', ended_at: sql<Date>`now()` })
      .where('id', 'in', sessionIds)
      .where('state', '!=', 'ended')
      .returning(['id', 'worker_id'])
      .execute();
    return rows.map((row) => ({ id: row.id, workerId: row.worker_id }));
  }

  /** One that this server holds. */
  async endOwn(sessionId: string): Promise<void> {
    this.#ending.add(sessionId);
    try {
      await this.#parts.db
        .updateTable('sessions')
        .set({ state: 'ended', ended_at: sql<Date>`now()` })
        .where('id', '=', sessionId)
        .where('server_id', '=', this.#parts.serverId)
        .where('state', '!=', 'ended')
        .execute();
    } finally {
      this.#ending.delete(sessionId);
    }
  }

  /** [LV42] No server holds them any more, nor does a worker draw them. @returns those, with the workers that did. */
  release(sessionIds: readonly string[]): Promise<{ id: string; workerId: string | null }[]> {
    const { db, serverId, leaseMs } = this.#parts;
    if (sessionIds.length === 0) return Promise.resolve([]);
    return db.transaction().execute(async (trx) => {
      const held = await trx
        .selectFrom('sessions')
        .select(['id', 'worker_id'])
        .where('id', 'in', sessionIds)
        .where('server_id', '=', serverId)
        .where('state', '!=', 'ended')
        .orderBy('id')
        .forUpdate()
        .execute();
      if (held.length === 0) return [];
      await trx
        .updateTable('sessions')
        .set({ ...UNDRAWN, server_id: NO_SERVER, state: 'stranded', lease_expires_at: fromNow(leaseMs) })
        .where(
          'id',
          'in',
          held.map(({ id }) => id),
        )
        .execute();
      return held.map((row) => ({ id: row.id, workerId: row.worker_id }));
    });
  }

  /** [LV42] This server holds it from now on. @returns false where another was faster. */
  async adopt({ id, serverId }: OpenRow): Promise<boolean> {
    const { db, dialUrl, leaseMs, serverId: own } = this.#parts;
    const mine = { server_id: own, dial_url: dialUrl(), lease_expires_at: fromNow(leaseMs) };
    const adopted = await db
      .updateTable('sessions')
      .set({ ...UNDRAWN, ...mine, state: 'opening' })
      .where('id', '=', id)
      .where('server_id', '=', serverId)
      .where('state', '!=', 'ended')
      .returning('id')
      .executeTakeFirst();
    return adopted !== undefined;
  }

  /** Open sessions whose lease is over: their server or their viewer is gone. */
  async expired(): Promise<string[]> {
    const rows = await this.#parts.db
      .selectFrom('sessions')
      .select('id')
      .where('state', '!=', 'ended')
      .where('lease_expires_at', '<', sql<Date>`now()`)
      .limit(200)
      .execute();
    return rows.map((row) => row.id);
  }

  /** An open session of the tenant, wherever its sockets are. */
  async open(tenantId: string, sessionId: string): Promise<OpenRow | null> {
    const row = await this.#parts.db
      .selectFrom('sessions as s')
      .leftJoin('view_tokens as t', 't.id', 's.token_id')
      .leftJoin('servers as v', (join) =>
        join.onRef('v.id', '=', 's.server_id').on('v.seen_at', '>', serverSeenSince()),
      )
      .select(['s.id', 's.scene_id', 's.server_id', 's.worker_id', 's.token_id', 's.resume_token_hash'])
      .select(['s.kept', 't.access', 't.max_samples', 'v.url'])
      .where('s.id', '=', sessionId)
      .where('s.tenant_id', '=', tenantId)
      .where('s.state', '!=', 'ended')
      .executeTakeFirst();
    if (!row || this.#ending.has(sessionId)) return null;
    return {
      ...{ id: row.id, tenantId, sceneId: row.scene_id, serverId: row.server_id, serverUrl: row.url },
      ...{ workerId: row.worker_id, tokenId: row.token_id, resumeTokenHash: row.resume_token_hash },
      ...{ access: row.access ?? 'drive', maxSamples: row.max_samples, kept: row.kept },
    };
  }

  /** Where the server is that awaits this worker for it, if another one does. */
  async awaitedAt(sessionId: string, workerId: string, workerToken: string): Promise<string | null> {
    const row = await this.#parts.db
      .selectFrom('sessions as s')
      .innerJoin('servers as v', 'v.id', 's.server_id')
      .select('v.url')
      .where('s.id', '=', sessionId)
      .where('s.worker_id', '=', workerId)
      .where('s.worker_token', '=', workerToken)
      .where('s.state', '!=', 'ended')
      .where('v.id', '!=', this.#parts.serverId)
      .executeTakeFirst();
    return row?.url ?? null;
  }

  /** What a worker should draw and does not, and what it should stop drawing. */
  async forWorker(workerId: string, held: readonly string[]): Promise<{ open: SessionOffer[]; end: string[] }> {
    const rows = await this.#parts.db
      .selectFrom('sessions')
      .select(['id', 'tenant_id', 'scene_id', 'dial_url', 'worker_token'])
      .where('worker_id', '=', workerId)
      .where('state', '!=', 'ended')
      .execute();
    const should = new Set(rows.map((row) => row.id));
    const open: SessionOffer[] = [];
    for (const row of rows) {
      if (held.includes(row.id)) continue;
      const scene = await this.#parts.scene(row.scene_id);
      if (!scene) continue;
      const { id: sessionId, tenant_id: tenantId, dial_url: url, worker_token: token } = row;
      open.push({ sessionId, tenantId, url, token, scene });
    }
    return { open, end: held.filter((id) => !should.has(id)) };
  }

  async list(tenantId: string): Promise<Session[]> {
    const rows = await this.#parts.db
      .selectFrom('sessions')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('state', '!=', 'ended')
      .orderBy('created_at', 'desc')
      .orderBy('id')
      .execute();
    return rows.map((row) => ({
      id: row.id,
      sceneId: row.scene_id,
      state: row.state,
      workerId: row.worker_id,
      drawnSec: row.drawn_sec,
      createdAt: row.created_at.toISOString(),
      endedAt: row.ended_at?.toISOString() ?? null,
    }));
  }
}
