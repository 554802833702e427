import { PAGE_LIMITS } from '../limits.ts';

/** How many units of work (samples, rows) make a piece that takes about as long as others may be kept waiting. */
export class PieceSize {
  readonly #most: number;
  #units = 1;

  /** @param most units of one piece. */
  constructor(most: number) {
    this.#most = most;
  }

  get units(): number {
    return this.#units;
  }

  /** @param units that took `ms`. */
  took(units: number, ms: number): void {
    const fitting = Math.floor((PAGE_LIMITS.pieceMs * units) / Math.max(ms, 0.001));
    // The first pieces of a picture compile shaders, and say little.
    this.#units = Math.min(this.#most, Math.max(1, fitting), this.#units * 8);
  }
}
