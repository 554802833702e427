/**
 * What each tenant has had of the farm lately, in slot-seconds: a second of a slot counts less the longer ago it was. The
 * leader keeps the book and writes it down with every tick; whoever leads next goes on from there.
 */
import { type Kysely, sql } from 'kysely';
import type { Database } from '../store/tables.ts';

/** What a tenant has had, and may have. */
export interface TenantShare {
  /** Tenants with work get slots in the proportion of their weights. */
  readonly weight: number;
  /** Slots that it gets before others get more, whatever it has had. */
  readonly minSlots: number;
  /** Null: as many as there are. */
  readonly maxSlots: number | null;
  /** Slot-seconds, of which half is forgotten after the half-life. */
  readonly usedSlotSec: number;
}

export const EQUAL_SHARE: TenantShare = { weight: 1, minSlots: 0, maxSlots: null, usedSlotSec: 0 };

export interface ShareBookParts {
  readonly db: Kysely<Database>;
  readonly halfLifeMs: number;
  readonly monotonicMs: () => number;
}

interface Account {
  weight: number;
  minSlots: number;
  maxSlots: number | null;
  usedSlotSec: number;
  /** When that was so, on the monotonic clock. */
  atMs: number;
  /** Differs from what is written down. */
  isChanged: boolean;
}

export class ShareBook {
  readonly #parts: ShareBookParts;
  readonly #accounts = new Map<string, Account>();
  /** Of the database's clock: what went on until then is charged. */
  #chargedUntil: Date | null = null;

  constructor(parts: ShareBookParts) {
    this.#parts = parts;
  }

  /** Reads how tenants are to be treated now, and what they have had since the last time; of new ones, what they had before. */
  async read(): Promise<void> {
    const { db, monotonicMs } = this.#parts;
    const rows = await db
      .selectFrom('tenants')
      .select(['id', 'share_weight', 'min_slots', 'max_slots', 'used_slot_sec'])
      .select(sql<number>`extract(epoch from now() - used_at)::float8 * 1000`.as('age_ms'))
      .execute();
    const nowMs = monotonicMs();
    for (const row of rows) {
      const known = this.#accounts.get(row.id);
      const settings = { weight: row.share_weight, minSlots: row.min_slots, maxSlots: row.max_slots };
      if (known) Object.assign(known, settings);
      else {
        const usedSlotSec = row.used_slot_sec * partLeft(row.age_ms, this.#parts.halfLifeMs);
        this.#accounts.set(row.id, { ...settings, usedSlotSec, atMs: nowMs, isChanged: false });
      }
    }
    const { until, slotSec } = await readUse(db, this.#chargedUntil);
    this.#chargedUntil = until;
    this.charge(slotSec);
  }

  /** Another server leads, and keeps the book: what is known here will be old. */
  forget(): void {
    this.#accounts.clear();
    this.#chargedUntil = null;
  }

  /** @param slotSec that were worked for each tenant lately. */
  charge(slotSec: ReadonlyMap<string, number>): void {
    const nowMs = this.#parts.monotonicMs();
    for (const [tenantId, sec] of slotSec) {
      const account = this.#accounts.get(tenantId);
      if (!account || sec === 0) continue;
      this.#decay(account, nowMs);
      account.usedSlotSec += sec;
      account.isChanged = true;
    }
  }

  /** @returns an equal share of nothing for a tenant that is new. */
  of(tenantId: string): TenantShare {
    const account = this.#accounts.get(tenantId);
    if (!account) return EQUAL_SHARE;
    this.#decay(account, this.#parts.monotonicMs());
    const { weight, minSlots, maxSlots, usedSlotSec } = account;
    return { weight, minSlots, maxSlots, usedSlotSec };
  }

  /** Writes down what has changed. */
  async write(): Promise<void> {
    const nowMs = this.#parts.monotonicMs();
    const rows = [...this.#accounts].flatMap(([id, account]) => {
      if (!account.isChanged) return [];
      this.#decay(account, nowMs);
      account.isChanged = false;
      return [{ id, used: account.usedSlotSec }];
    });
    if (rows.length === 0) return;
    await sql`
      update tenants t set used_slot_sec = x.used, used_at = now()
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(id text, used float8)
      where t.id = x.id`.execute(this.#parts.db);
  }

  #decay(account: Account, nowMs: number): void {
    account.usedSlotSec *= partLeft(nowMs - account.atMs, this.#parts.halfLifeMs);
    account.atMs = nowMs;
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

/** The part of a use that still counts. */
export const partLeft = (ageMs: number, halfLifeMs: number): number => 2 ** (-Math.max(0, ageMs) / halfLifeMs);
