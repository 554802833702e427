/** Times by the million in a few kilobytes: how many were about so long. Quantiles are within one hundredth, the largest exact. */
const STEP = Math.log(1.02);

export class Histogram {
  /** Of those below a millisecond. */
  #zero = 0;
  readonly #counts: number[] = [];
  #n = 0;
  #max = 0;

  add(ms: number): void {
    this.#n++;
    if (ms > this.#max) this.#max = ms;
    if (ms < 1) {
      this.#zero++;
      return;
    }
    const at = Math.round(Math.log(ms) / STEP);
    while (this.#counts.length <= at) this.#counts.push(0);
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }

  get n(): number {
    return this.#n;
  }

  get maxMs(): number {
    return this.#max;
  }

  /** @param part 0 to 1. */
  quantileMs(part: number): number {
    let left = part * this.#n - this.#zero;
    if (left <= 0) return 0;
    for (const [at, n] of this.#counts.entries()) {
      left -= n;
      if (left <= 0) return Math.min(this.#max, Math.exp(at * STEP));
    }
    return this.#max;
  }
}
