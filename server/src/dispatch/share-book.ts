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

/** Time that is charged at once, at most: a leader that was frozen has seen nothing of what went on. */
const CHARGED_MAX_MS = 5_000;

export class ShareBook {
  readonly #parts: ShareBookParts;
  readonly #accounts = new Map<string, Account>();
  #chargedAtMs: number | null = null;

  constructor(parts: ShareBookParts) {
    this.#parts = parts;
  }

  /** Reads how tenants are to be treated now, and, of those that are not known here, what they have had. */
  async read(): Promise<void> {
    const rows = await this.#parts.db
      .selectFrom('tenants')
      .select(['id', 'share_weight', 'min_slots', 'max_slots', 'used_slot_sec'])
      .select(sql<number>`extract(epoch from now() - used_at)::float8 * 1000`.as('age_ms'))
      .execute();
    const nowMs = this.#parts.monotonicMs();
    for (const row of rows) {
      const known = this.#accounts.get(row.id);
      const settings = { weight: row.share_weight, minSlots: row.min_slots, maxSlots: row.max_slots };
      if (known) Object.assign(known, settings);
      else {
        const usedSlotSec = row.used_slot_sec * partLeft(row.age_ms, this.#parts.halfLifeMs);
        this.#accounts.set(row.id, { ...settings, usedSlotSec, atMs: nowMs, isChanged: false });
      }
    }
  }

  /** Another server leads, and keeps the book: what is known here will be old. */
  forget(): void {
    this.#accounts.clear();
    this.#chargedAtMs = null;
  }

  /** @param running attempts that are being worked on, by tenant, since the last call. */
  charge(running: ReadonlyMap<string, number>): void {
    const nowMs = this.#parts.monotonicMs();
    const sec = this.#chargedAtMs === null ? 0 : Math.min(nowMs - this.#chargedAtMs, CHARGED_MAX_MS) / 1_000;
    this.#chargedAtMs = nowMs;
    if (sec === 0) return;
    for (const [tenantId, slots] of running) {
      const account = this.#accounts.get(tenantId);
      if (!account || slots === 0) continue;
      this.#decay(account, nowMs);
      account.usedSlotSec += slots * sec;
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

/** The part of a use that still counts. */
export const partLeft = (ageMs: number, halfLifeMs: number): number => 2 ** (-Math.max(0, ageMs) / halfLifeMs);
