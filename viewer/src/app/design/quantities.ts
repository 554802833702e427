/** Numbers as people read them. */
const number = new Intl.NumberFormat('en');
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });

export const formatCount = (value: number) => number.format(value);
export const formatCompact = (value: number) => compact.format(value);

/** `1 frame`, `2 frames`. */
export const plural = (count: number, one: string, many = `${one}s`) =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

/** Powers of 1,000, as disks and networks count. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `0.8 s`, `12 s`, `3 min 05 s`, `2 h 07 min`. */
export function formatDuration(ms: number): string {
  const sec = ms / 1_000;
  if (sec < 9.95) return `${sec.toFixed(1)} s`;
  const whole = Math.round(sec);
  if (whole < 60) return `${whole} s`;
  const min = Math.floor(whole / 60);
  if (min < 60) return `${min} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(min / 60)} h ${String(min % 60).padStart(2, '0')} min`;
}

export const formatMs = (ms: number) => (ms < 9.95 ? `${ms.toFixed(1)} ms` : `${formatCount(Math.round(ms))} ms`);

/** `just now`, `5 min. ago`, `3 days ago`. */
export function formatAgo(timestamp: string, nowMs: number): string {
  const sec = (Date.parse(timestamp) - nowMs) / 1_000;
  if (sec > -45) return 'just now';
  if (sec > -45 * 60) return relative.format(Math.round(sec / 60), 'minute');
  if (sec > -22 * 3_600) return relative.format(Math.round(sec / 3_600), 'hour');
  return relative.format(Math.round(sec / 86_400), 'day');
}
