/** [LV43] What workers say that they have drawn for a session, until it is saved. */
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

  /** What came since it was saved last. @param save is given seconds; what it could not save comes with the next. */
  async save(save: (drawnSec: number) => Promise<void>): Promise<void> {
    const ms = this.#unsavedMs;
    if (ms === 0) return;
    this.#unsavedMs = 0;
    try {
      await save(ms / 1_000);
    } catch (error) {
      this.#unsavedMs += ms;
      throw error;
    }
  }
}
