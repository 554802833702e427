/** [LV44] Notices a server that says nothing any more: of a connection whose network is gone, a viewer hears nothing. */
import { LIMITS } from '../limits.ts';

/** A server that says that it is alive, and then nothing for so long, is gone. */
const SILENT_MS = 3 * LIMITS.liveAliveMs;

interface Timers {
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Calls back once after `delayMs`; the result cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

export class SilenceWatch {
  readonly #timers: Timers;
  readonly #onSilent: () => void;
  #heardAtMs = 0;
  #cancel: (() => void) | null = null;

  /** @param onSilent is told once after `begin`, when nothing was heard for three of `LIMITS.liveAliveMs`. */
  constructor(timers: Timers, onSilent: () => void) {
    this.#timers = timers;
    this.#onSilent = onSilent;
  }

  /** Does nothing while it watches. */
  begin(): void {
    if (this.#cancel) return;
    this.#heardAtMs = this.#timers.nowMs();
    this.#wait(SILENT_MS);
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
      const leftMs = this.#heardAtMs + SILENT_MS - this.#timers.nowMs();
      if (leftMs > 0) this.#wait(leftMs);
      else this.#onSilent();
    });
  }
}
