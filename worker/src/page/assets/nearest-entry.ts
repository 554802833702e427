import type { LookUpTable } from '@kiln/shared';

type Color = readonly [number, number, number];

/** What the table makes of a colour, by its nearest entry: for a picture of the table. */
export function nearestEntry(table: LookUpTable, color: Color): Color {
  const { dimensions, size, domainMin, domainMax, entries } = table;
  const index = color.map((value, c) => {
    const [min = 0, max = 1] = [domainMin[c], domainMax[c]];
    return Math.round(Math.min(1, Math.max(0, (value - min) / (max - min))) * (size - 1));
  });
  const [r = 0, g = 0, b = 0] = index;
  const at = ((b * size + g) * size + r) * 3;
  const places = dimensions === 3 ? [at, at + 1, at + 2] : [r * 3, g * 3 + 1, b * 3 + 2];
  const [x = 0, y = 0, z = 0] = places.map((place) => entries[place] ?? 0);
  return [x, y, z];
}
