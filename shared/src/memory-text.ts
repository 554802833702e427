/** Amounts of memory as people say them, in powers of 1,024 as memory is sold. */

const POWERS: Readonly<Record<string, number>> = { M: 2, G: 3, T: 4 };

/** Bytes of `24G`, `512M` or `1.5 TiB`; null for what is no amount. */
export function parseMemory(text: string): number | null {
  const [, amount, unit = ''] = /^(\d{1,6}(?:\.\d{1,6})?) ?([MGT])(?:iB|B)?$/i.exec(text.trim()) ?? [];
  const bytes = Math.round(Number(amount) * 1_024 ** (POWERS[unit.toUpperCase()] ?? Number.NaN));
  return bytes > 0 ? bytes : null;
}

/** `24 GiB`, `7.5 GiB`, `512 MiB` */
export function memoryText(bytes: number): string {
  const mebibytes = bytes / 1_024 ** 2;
  return mebibytes < 1_024 ? `${rounded(mebibytes)} MiB` : `${rounded(mebibytes / 1_024)} GiB`;
}

const rounded = (amount: number) => Number(amount.toFixed(amount < 100 ? 1 : 0));
