/** Whether arithmetic progressions share a number, found by arithmetic: the cost does not depend on their lengths. */

/** An arithmetic progression: `first`, `first + step`, … `count` numbers. `step` is never 0; it is 1 when `count` is 1. */
export interface FrameSegment {
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

/** The same numbers upwards. */
interface Rising {
  readonly low: number;
  readonly high: number;
  readonly step: number;
}

const rising = ({ first, step, count }: FrameSegment): Rising => {
  const last = first + step * (count - 1);
  return { low: Math.min(first, last), high: Math.max(first, last), step: Math.abs(step) };
};

export interface Shared<T> {
  readonly earlier: T;
  readonly later: T;
  /** The smallest number that both hold. */
  readonly common: number;
}

/**
 * The first item that holds a number of an item before it, or null. Items are compared only where their spans overlap:
 * they are swept from the lowest number up.
 */
export function firstCommonNumber<T extends FrameSegment>(items: readonly T[]): Shared<T> | null {
  const spans = items.map((item, index) => ({ item, index, span: rising(item) }));
  spans.sort((a, b) => a.span.low - b.span.low);
  let open: typeof spans = [];
  let found: (Shared<T> & { readonly laterIndex: number }) | null = null;
  for (const entry of spans) {
    open = open.filter(({ span }) => span.high >= entry.span.low);
    for (const other of open) {
      const [earlier, later] = other.index < entry.index ? [other, entry] : [entry, other];
      if (found && found.laterIndex <= later.index) continue;
      const common = smallestCommon(entry.span, other.span);
      if (common !== null) found = { earlier: earlier.item, later: later.item, common, laterIndex: later.index };
    }
    open.push(entry);
  }
  return found;
}

/**
 * The smallest number in both progressions, by the Chinese remainder theorem: x ≡ a (mod s) and x ≡ b (mod t) has a
 * solution where gcd(s, t) divides b − a, and then one in every lcm(s, t). With numbers and steps below 2 × 10⁷ no
 * product here exceeds 4 × 10¹⁴, well within exact integers.
 */
function smallestCommon(a: Rising, b: Rising): number | null {
  const { gcd, inverse } = extendedGcd(a.step, b.step);
  const distance = b.low - a.low;
  if (distance % gcd !== 0) return null;
  const modulus = b.step / gcd;
  const turns = modulo((distance / gcd) * modulo(inverse, modulus), modulus);
  const solution = a.low + a.step * turns;
  const period = a.step * modulus;
  const low = Math.max(a.low, b.low);
  const common = solution + Math.ceil((low - solution) / period) * period;
  return common <= Math.min(a.high, b.high) ? common : null;
}

const modulo = (value: number, modulus: number) => ((value % modulus) + modulus) % modulus;

/** gcd(s, t), and the number i with s × i ≡ gcd (mod t). */
function extendedGcd(s: number, t: number): { readonly gcd: number; readonly inverse: number } {
  let [gcd, rest, inverse, next] = [s, t, 1, 0];
  while (rest !== 0) {
    const quotient = Math.floor(gcd / rest);
    [gcd, rest] = [rest, gcd - quotient * rest];
    [inverse, next] = [next, inverse - quotient * next];
  }
  return { gcd, inverse };
}
