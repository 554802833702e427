/** How commands print: for people in aligned columns, for scripts as JSON. */

import { printable } from './printable.ts';
import { padText, textWidth } from './text-width.ts';

/**
 * Rows in columns, two spaces apart.
 *
 * @param empty what is said when there are none.
 */
export function table(header: readonly string[], rows: readonly (readonly string[])[], empty = 'None.'): string {
  if (rows.length === 0) return empty;
  const all = [header, ...rows.map((row) => row.map(printable))];
  const widths = header.map((_, column) =>
    all.reduce((widest, row) => Math.max(widest, textWidth(row[column] ?? '')), 0),
  );
  return all
    .map((row) =>
      row
        .map((cell, column) => padText(cell, widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `1 file`, `2 files`. */
export const count = (number: number, noun: string): string =>
  `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;

/** `1.5 MB`; a thousand is 1,000. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

/** `0.4 s`, `2 min 5 s`. */
export function formatDuration(ms: number): string {
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
}

/** `4 s ago`, with the clocks of two machines at worst `0 s ago`. */
export const formatAge = (timestamp: string, nowMs: number): string =>
  `${formatDuration(Math.max(0, nowMs - Date.parse(timestamp))).replace(/\.\d/, '')} ago`;

/** `2026-11-24 08:05` in local time. */
export function formatTime(timestamp: string): string {
  const date = new Date(timestamp);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/**
 * Prints a command's result: as JSON with `--json`, else as text.
 *
 * @param text is called only when people read it.
 */
export function printResult(json: boolean | undefined, value: unknown, text: () => string): void {
  console.log(json ? JSON.stringify(value, null, 2) : text());
}
