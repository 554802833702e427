/** How long to wait before trying again. */

const FIRST_MS = 250;
const LONGEST_MS = 10_000;

/**
 * Twice as long after every failure, up to 10 s, and a random half of it, so that clients of a server that restarts do
 * not come back all at once.
 *
 * @param failures since something last went well, from 1.
 * @param random a number from 0 to 1.
 */
export function backOffMs(failures: number, random: number): number {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 16));
  return Math.round(longest * (0.5 + random / 2));
}
