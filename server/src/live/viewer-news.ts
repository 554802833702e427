/** [LV32, LV33] Who is there, told at each change, and again when the camera may be taken by others. */
import type { Audience } from './audience.ts';

export class ViewerNews {
  readonly #audience: Audience;
  readonly #input: () => number;
  #timer: NodeJS.Timeout | null = null;

  /** @param input the newest of the session. */
  constructor(audience: Audience, input: () => number) {
    this.#audience = audience;
    this.#input = input;
  }

  tell(): void {
    const nowMs = performance.now();
    this.#audience.tellViewers(this.#input(), nowMs);
    this.stop();
    const inMs = this.#audience.silentInMs(nowMs);
    if (inMs !== null) this.#timer = setTimeout(() => this.tell(), inMs + 1);
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
