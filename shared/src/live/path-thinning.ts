/**
 * Leaves of a movement only what a straight line between two moments does not say anyway (Ramer, 1972; Douglas and Peucker,
 * 1973; by time instead of by length).
 *
 * @param items in the order of their times.
 * @param errorOf how far an item is from where it would be between two others; above 1 it stays.
 */
export function thinned<T>(items: readonly T[], errorOf: (item: T, from: T, to: T) => number): T[] {
  const stays = new Set([0, items.length - 1]);
  const spans: [number, number][] = [[0, items.length - 1]];
  for (let span = spans.pop(); span; span = spans.pop()) {
    const [first, last] = span;
    const [from, to] = [items[first], items[last]];
    if (from === undefined || to === undefined) break;
    let worst = { index: 0, error: 1 };
    for (let index = first + 1; index < last; index++) {
      const item = items[index];
      const error = item === undefined ? 0 : errorOf(item, from, to);
      if (error > worst.error) worst = { index, error };
    }
    if (worst.index === 0) continue;
    stays.add(worst.index);
    spans.push([first, worst.index], [worst.index, last]);
  }
  return items.filter((_, index) => stays.has(index));
}
