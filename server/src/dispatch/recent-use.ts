/** What each of many has had lately, in slot-seconds: a second of a slot counts less the longer ago it was. Pure. */
import { partLeft, type ShareAccountsParts } from './share-accounts.ts';

interface Account {
  usedSlotSec: number;
  /** When that was so, on the monotonic clock. */
  atMs: number;
  isChanged: boolean;
}

/** What is less is forgotten: nobody's turn depends on it. */
const FORGOTTEN_SLOT_SEC = 0.01;

export class RecentUse {
  readonly #parts: ShareAccountsParts;
  readonly #accounts = new Map<string, Account>();

  constructor(parts: ShareAccountsParts) {
    this.#parts = parts;
  }

  /** What was written down so long ago. */
  restore(key: string, usedSlotSec: number, ageMs: number): void {
    const left = usedSlotSec * partLeft(ageMs, this.#parts.halfLifeMs);
    this.#accounts.set(key, { usedSlotSec: left, atMs: this.#parts.monotonicMs(), isChanged: false });
  }

  charge(key: string, slotSec: number): void {
    if (slotSec <= 0) return;
    const account = this.#accounts.get(key) ?? { usedSlotSec: 0, atMs: this.#parts.monotonicMs(), isChanged: true };
    this.#decay(account);
    account.usedSlotSec += slotSec;
    account.isChanged = true;
    this.#accounts.set(key, account);
  }

  of(key: string): number {
    const account = this.#accounts.get(key);
    if (!account) return 0;
    this.#decay(account);
    return account.usedSlotSec;
  }

  forget(): void {
    this.#accounts.clear();
  }

  /** What has changed since the last time, as it is now; what counts no more goes. */
  takeChanged(): { readonly key: string; readonly used: number }[] {
    return [...this.#accounts].flatMap(([key, account]) => {
      this.#decay(account);
      if (account.usedSlotSec < FORGOTTEN_SLOT_SEC) this.#accounts.delete(key);
      if (!account.isChanged) return [];
      account.isChanged = false;
      return [{ key, used: account.usedSlotSec }];
    });
  }

  #decay(account: Account): void {
    const nowMs = this.#parts.monotonicMs();
    account.usedSlotSec *= partLeft(nowMs - account.atMs, this.#parts.halfLifeMs);
    account.atMs = nowMs;
  }
}
