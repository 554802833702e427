/** [LV43] What workers say that they have drawn for a session, until it is saved. */
import type { KilnError } from '@kiln/shared';
import { tokenSpent } from '../tokens/view-tokens.ts';

export class SessionUse {
  /** Each offer counts from 0. */
  #offer: string | null = null;
  #saidMs = 0;
  #unsavedMs = 0;

  /** @param drawnMs since the worker took the offer up. */
  said(offer: string | null, drawnMs: number): void {
    if (offer !== this.#offer) this.#saidMs = 0;
    this.#offer = offer;
    this.#unsavedMs += Math.max(0, drawnMs - this.#saidMs);
    this.#saidMs = drawnMs;
  }

  /**
   * What came since it was saved last.
   *
   * @param add is given seconds, and answers whether the token's are spent; what it could not save comes with the next.
   */
  async save(add: (drawnSec: number) => Promise<boolean>, onSpent: (error: KilnError) => void): Promise<void> {
    const ms = this.#unsavedMs;
    if (ms === 0) return;
    this.#unsavedMs = 0;
    try {
      if (await add(ms / 1_000)) onSpent(tokenSpent());
    } catch (error) {
      this.#unsavedMs += ms;
      throw error;
    }
  }
}
