/** Budgets as people write them. */
import { KilnError } from './errors.ts';
import type { Money } from './schemas/estimate.ts';

export type ParsedBudget = { readonly slotSec: number } | Money;

const UNIT_SEC: ReadonlyMap<string, number> = new Map([
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
]);
/** 100 years of one slot. */
const MOST_SEC = 3_155_760_000;

/**
 * `2h`, `1h30m`, `2.5h`, `90s`: time of slots; `40 EUR`: money.
 *
 * @throws KilnError `request.invalid` with the field.
 */
export function parseBudget(text: string, field = '/budget'): ParsedBudget {
  const refuse = (message: string) => new KilnError('request.invalid', message, { field });
  const [, amount, currency] = /^(\d{1,9}(?:\.\d{1,9})?) (\S{1,8})$/.exec(text) ?? [];
  if (amount !== undefined && currency !== undefined) {
    if (Number(amount) > 0) return { amount: Number(amount), currency };
    throw refuse('expected a budget of more than nothing');
  }
  if (!/^(?:\d{1,9}(?:\.\d{1,9})?[hms])+$/.test(text)) {
    throw refuse(`expected time of slots as 2h, 1h30m or 90s, or money as 40 EUR, got ${JSON.stringify(text)}`);
  }
  let slotSec = 0;
  for (const [, number = '0', unit = 's'] of text.matchAll(/([\d.]+)([hms])/g)) {
    slotSec += Number(number) * (UNIT_SEC.get(unit) ?? 0);
  }
  if (slotSec > 0 && slotSec <= MOST_SEC) return { slotSec };
  throw refuse(slotSec === 0 ? 'expected a budget of more than nothing' : 'expected at most 876600h');
}
