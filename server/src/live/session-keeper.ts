/** [LV42] Saves what another server needs to go on with a session. */
import type { KeptAudience, KeptSession } from './kept-session.ts';

interface Held {
  readonly kept: KeptAudience;
}

interface Seen {
  readonly seen: Pick<KeptSession, 'view' | 'pose'>;
}

/** A save at a time: what changes meanwhile goes with the next. */
export class SessionKeeper {
  readonly #audience: Held;
  readonly #shown: Seen;
  readonly #write: (kept: KeptSession) => Promise<void>;
  #saved = '';
  #underWay: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;

  constructor(audience: Held, shown: Seen, write: (kept: KeptSession) => Promise<void>) {
    this.#audience = audience;
    this.#shown = shown;
    this.#write = write;
  }

  /** Resolves when what is now is saved. @throws what `write` does; the next tries again. */
  save(): Promise<void> {
    this.#next ??= this.#underWay
      .catch(() => {})
      .then(() => {
        this.#next = null;
        this.#underWay = this.#put();
        return this.#underWay;
      });
    return this.#next;
  }

  async #put(): Promise<void> {
    const { view, pose } = this.#shown.seen;
    const kept = { ...this.#audience.kept, view, pose };
    const text = JSON.stringify(kept);
    if (text === this.#saved) return;
    await this.#write(kept);
    this.#saved = text;
  }
}
