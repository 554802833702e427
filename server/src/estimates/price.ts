/** What slot-seconds cost. */
import type { Money } from '@kiln/shared';

/** Of an hour of one slot. */
export type SlotPrice = Money;

const HOUR_SEC = 3_600;

/** @returns null where there is no price. */
export const costOf = (price: SlotPrice | null, slotSec: number): Money | null =>
  price === null ? null : { amount: (slotSec / HOUR_SEC) * price.amount, currency: price.currency };
