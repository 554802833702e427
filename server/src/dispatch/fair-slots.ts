/** How many slots each of several would hold if all had had the same for their weight. Pure. */

export interface Claimant {
  readonly weight: number;
  /** Slots that it is promised. */
  readonly least: number;
  /** Slots that it may have, or has work for. */
  readonly most: number;
}

/** Halvings of an interval: more than the digits of a number. */
const STEPS = 60;

/**
 * Promises come first; what is left goes by weight, and what one has no use for to the others.
 *
 * @param slots that there are to be had.
 * @returns slots of each, in the same order, not rounded; of all together no more than there are.
 */
export function fairSlots(claimants: readonly Claimant[], slots: number): number[] {
  const leastOf = ({ least, most }: Claimant) => Math.min(least, most);
  const promised = claimants.reduce((sum, one) => sum + leastOf(one), 0);
  if (promised >= slots) return claimants.map((one) => (promised === 0 ? 0 : (leastOf(one) * slots) / promised));
  const at = (level: number) => claimants.map((one) => Math.min(one.most, Math.max(leastOf(one), level * one.weight)));
  let [low, high] = [0, slots / Math.min(...claimants.map(({ weight }) => weight))];
  for (let step = 0; step < STEPS; step += 1) {
    const middle = (low + high) / 2;
    if (at(middle).reduce((sum, n) => sum + n, 0) > slots) high = middle;
    else low = middle;
  }
  return at(low);
}
