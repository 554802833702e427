/** The wait before a crashed process is started again: doubles from the first to the longest. */
const FIRST_MS = 250;
const LONGEST_MS = 15_000;
/** One that ran for this long was well: the next crash counts as its first. */
const WELL_AFTER_MS = 60_000;

export class BackOff {
  #crashes = 0;

  /** @param ranMs how long the process ran before it crashed. */
  next(ranMs: number): number {
    if (ranMs >= WELL_AFTER_MS) this.#crashes = 0;
    this.#crashes += 1;
    return Math.min(LONGEST_MS, FIRST_MS * 2 ** (this.#crashes - 1));
  }
}
