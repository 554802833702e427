/** The accounts of tenants, as the leader keeps them: it writes them down with every tick, and whoever leads next goes on from there. */
import { type Kysely, sql } from 'kysely';
import type { Database } from '../store/tables.ts';
import { ShareAccounts, type ShareAccountsParts, type TenantShare } from './share-accounts.ts';

export interface ShareBookParts extends ShareAccountsParts {
  readonly db: Kysely<Database>;
}

export class ShareBook {
  readonly #db: Kysely<Database>;
  readonly #accounts: ShareAccounts;
  /** Of the database's clock: what went on until then is charged. */
  #chargedUntil: Date | null = null;

  constructor({ db, halfLifeMs, monotonicMs }: ShareBookParts) {
    this.#db = db;
    this.#accounts = new ShareAccounts({ halfLifeMs, monotonicMs });
  }

  /** Reads how tenants are to be treated now, and what they have had since the last time; of new ones, what they had before. */
  async read(): Promise<void> {
    const rows = await this.#db
      .selectFrom('tenants')
      .select(['id', 'share_weight', 'min_slots', 'max_slots', 'used_slot_sec'])
      .select(sql<number>`extract(epoch from now() - used_at)::float8 * 1000`.as('age_ms'))
      .execute();
    for (const row of rows) {
      const settings = { weight: row.share_weight, minSlots: row.min_slots, maxSlots: row.max_slots };
      this.#accounts.set(row.id, settings, row.used_slot_sec, row.age_ms);
    }
    const { until, slotSec } = await readUse(this.#db, this.#chargedUntil);
    this.#chargedUntil = until;
    this.#accounts.charge(slotSec);
  }

  /** Another server leads, and keeps the book: what is known here will be old. */
  forget(): void {
    this.#accounts.forget();
    this.#chargedUntil = null;
  }

  charge(slotSec: ReadonlyMap<string, number>): void {
    this.#accounts.charge(slotSec);
  }

  of(tenantId: string): TenantShare {
    return this.#accounts.of(tenantId);
  }

  /** Writes down what has changed. */
  async write(): Promise<void> {
    const rows = this.#accounts.takeChanged();
    if (rows.length === 0) return;
    await sql`
      update tenants t set used_slot_sec = x.used, used_at = now()
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(id text, used float8)
      where t.id = x.id`.execute(this.#db);
  }
}

interface Use {
  /** Of the database's clock. */
  readonly until: Date;
  readonly slotSec: ReadonlyMap<string, number>;
}

/**
 * How long attempts at frames, and at making frames of parts, were worked on.
 *
 * @param since null: not at all, the time begins now.
 */
async function readUse(db: Kysely<Database>, since: Date | null): Promise<Use> {
  const { rows } = await sql<{ until: Date; tenant_id: string | null; sec: number | null }>`
    select c.until, u.tenant_id, u.sec
    from (select clock_timestamp() as until) c
    left join lateral (
      select t.tenant_id,
             sum(extract(epoch from least(coalesce(a.ended_at, c.until), c.until)
               - greatest(a.started_at, ${since}::timestamptz)))::float8 as sec
      from (
        -- Each by an index of its own.
        select task_id, started_at, ended_at from attempts where state in ('assigned', 'running')
        union all
        select task_id, started_at, ended_at from attempts
        where ended_at > ${since}::timestamptz and state not in ('assigned', 'running')
      ) a join tasks t on t.id = a.task_id
      where ${since}::timestamptz is not null and t.kind in ('render', 'assemble') and a.started_at < c.until
      group by t.tenant_id
    ) u on true`.execute(db);
  const until = rows[0]?.until ?? since ?? new Date();
  return {
    until,
    slotSec: new Map(
      rows.flatMap(({ tenant_id, sec }) => (tenant_id === null || sec === null ? [] : [[tenant_id, Math.max(0, sec)]])),
    ),
  };
}
