import { PAGE_LIMITS } from '../limits.ts';

/** How many units of work (samples, rows) make a piece that takes about as long as others may be kept waiting. */
export class PieceSize {
  readonly #most: number;
  #units: number;

  /**
   * @param most units of one piece.
   * @param first units of the first one, where something is known of a picture like it.
   */
  constructor(most: number, first = 1) {
    this.#most = most;
    this.#units = Math.min(most, Math.max(1, first));
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
