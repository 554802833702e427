/** Numbers at random that are the same for the same seed, on every machine. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 to 1, without 1. Mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    return mixed(this.#state);
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  /** Time to the next of events that come independently, so often in the mean. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  logNormal(spread: Spread): number {
    return logNormal(spread, this.next(), this.next());
  }
}

/** A log-normal distribution: most are near the median, a few much larger. */
export interface Spread {
  readonly median: number;
  /** Standard deviation of the logarithm; 0: all are equal. */
  readonly sigma: number;
}

export const meanOf = ({ median, sigma }: Spread): number => median * Math.exp(sigma ** 2 / 2);

/** @param a, b evenly distributed from 0 to 1; by Box and Muller. */
function logNormal({ median, sigma }: Spread, a: number, b: number): number {
  return median * Math.exp(sigma * Math.sqrt(-2 * Math.log(1 - a)) * Math.cos(2 * Math.PI * b));
}

/** The `index`-th of a row of numbers, whatever was asked before: a task takes as long whoever comes first. */
export const nthLogNormal = (spread: Spread, seed: number, index: number): number =>
  spread.sigma === 0 ? spread.median : logNormal(spread, nth(seed, 2 * index), nth(seed, 2 * index + 1));

const nth = (seed: number, index: number) => mixed((seed + Math.imul(index + 1, 0x6d2b79f5)) >>> 0);

function mixed(state: number): number {
  let value = Math.imul(state ^ (state >>> 15), state | 1);
  value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
  return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
}
