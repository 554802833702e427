/** [LV44] Notices a server that says nothing any more: of a connection whose network is gone, a page hears nothing. */
import type { Timers } from './timers.ts';

export class SilenceWatch {
  readonly #timers: Timers;
  readonly #silentMs: number;
  readonly #onSilent: () => void;
  #heardAtMs = 0;
  #cancel: (() => void) | null = null;

  /** @param onSilent is told once after `begin`, when nothing was heard for `silentMs`. */
  constructor(timers: Timers, silentMs: number, onSilent: () => void) {
    this.#timers = timers;
    this.#silentMs = silentMs;
    this.#onSilent = onSilent;
  }

  /** Does nothing while it watches. */
  begin(): void {
    if (this.#cancel) return;
    this.#heardAtMs = this.#timers.nowMs();
    this.#wait(this.#silentMs);
  }

  /** To be called for whatever comes. */
  heard(): void {
    this.#heardAtMs = this.#timers.nowMs();
  }

  end(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  /** One timer for all that is heard meanwhile: pictures come many times a second. */
  #wait(forMs: number): void {
    this.#cancel = this.#timers.after(forMs, () => {
      this.#cancel = null;
      const leftMs = this.#heardAtMs + this.#silentMs - this.#timers.nowMs();
      if (leftMs > 0) this.#wait(leftMs);
      else this.#onSilent();
    });
  }
}
