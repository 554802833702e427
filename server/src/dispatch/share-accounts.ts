/**
 * What each tenant has had of a farm lately, in slot-seconds: a second of a slot counts less the longer ago it was. Pure: who
 * keeps them says what was worked.
 */

/** How a tenant is treated. */
export interface ShareSettings {
  /** Tenants with work get slots in the proportion of their weights. */
  readonly weight: number;
  /** Slots that it gets before others get more, whatever it has had. */
  readonly minSlots: number;
  /** Null: as many as there are. */
  readonly maxSlots: number | null;
}

/** What a tenant has had, and may have. */
export interface TenantShare extends ShareSettings {
  /** Slot-seconds, of which half is forgotten after the half-life. */
  readonly usedSlotSec: number;
}

export const EQUAL_SHARE: TenantShare = { weight: 1, minSlots: 0, maxSlots: null, usedSlotSec: 0 };

interface Account {
  settings: ShareSettings;
  usedSlotSec: number;
  /** When that was so, on the monotonic clock. */
  atMs: number;
  /** Differs from what is written down. */
  isChanged: boolean;
}

export interface ShareAccountsParts {
  readonly halfLifeMs: number;
  readonly monotonicMs: () => number;
}

export class ShareAccounts {
  readonly #parts: ShareAccountsParts;
  readonly #accounts = new Map<string, Account>();

  constructor(parts: ShareAccountsParts) {
    this.#parts = parts;
  }

  /**
   * Opens an account, or changes how its tenant is treated.
   *
   * @param usedSlotSec of one that is opened now, and so long ago that was so.
   */
  set(tenantId: string, settings: ShareSettings, usedSlotSec = 0, ageMs = 0): void {
    const known = this.#accounts.get(tenantId);
    if (known) {
      known.settings = settings;
      return;
    }
    this.#accounts.set(tenantId, {
      settings,
      usedSlotSec: usedSlotSec * partLeft(ageMs, this.#parts.halfLifeMs),
      atMs: this.#parts.monotonicMs(),
      isChanged: false,
    });
  }

  forget(): void {
    this.#accounts.clear();
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
    return { ...account.settings, usedSlotSec: account.usedSlotSec };
  }

  /** What has changed since the last time, as it is now. */
  takeChanged(): { readonly id: string; readonly used: number }[] {
    const nowMs = this.#parts.monotonicMs();
    return [...this.#accounts].flatMap(([id, account]) => {
      if (!account.isChanged) return [];
      this.#decay(account, nowMs);
      account.isChanged = false;
      return [{ id, used: account.usedSlotSec }];
    });
  }

  #decay(account: Account, nowMs: number): void {
    account.usedSlotSec *= partLeft(nowMs - account.atMs, this.#parts.halfLifeMs);
    account.atMs = nowMs;
  }
}

/** The part of a use that still counts. */
export const partLeft = (ageMs: number, halfLifeMs: number): number => 2 ** (-Math.max(0, ageMs) / halfLifeMs);
