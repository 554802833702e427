/** Times that are only known about, and what was thought beside what came. */
import type { JobEstimate, JobUse, Money } from './schemas/estimate.ts';

const MINUTE_SEC = 60;
const HOUR_SEC = 3_600;

/** `0.4 s`, `12 s`, `4 min`, `2 h 5 min`, `130 h`. */
export function durationText(sec: number): string {
  if (sec < 9.95) return `${sec.toFixed(1)} s`;
  if (sec < 1.5 * MINUTE_SEC) return `${Math.round(sec)} s`;
  if (sec < HOUR_SEC - MINUTE_SEC / 2) return `${Math.round(sec / MINUTE_SEC)} min`;
  if (sec >= 100 * HOUR_SEC) return `${Math.round(sec / HOUR_SEC)} h`;
  const minutes = Math.round(sec / MINUTE_SEC);
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `0.13 slot-hours`; below a tenth of one `120 slot-seconds`. */
export function slotTimeText(slotSec: number): string {
  const hours = slotSec / HOUR_SEC;
  if (hours < 0.1) return `${slotSec < 10 ? slotSec.toFixed(1) : Math.round(slotSec)} slot-seconds`;
  return `${hours < 10 ? hours.toFixed(2) : hours < 100 ? hours.toFixed(1) : Math.round(hours)} slot-hours`;
}

/** `0.11 EUR` */
export const moneyText = ({ amount, currency }: Money): string => `${amount.toFixed(amount < 0.1 ? 4 : 2)} ${currency}`;

/** `about 4 min on 2 slots, 0.13 slot-hours, −20 % to +20 %`, with its price where there is one. */
export function estimateText(estimate: JobEstimate): string {
  const { slotSec, lowSlotSec, highSlotSec, wallSec, slots, cost } = estimate;
  const wall =
    wallSec === null
      ? 'no worker that is here draws it'
      : `about ${durationText(wallSec)} on ${slots} ${slots === 1 ? 'slot' : 'slots'}`;
  const low = percentOf(slotSec, lowSlotSec);
  const high = percentOf(slotSec, highSlotSec);
  const range = low === high ? `±${high} %` : `−${low} % to +${high} %`;
  return [wall, slotTimeText(slotSec), ...(cost ? [moneyText(cost)] : []), range].join(', ');
}

const percentOf = (of: number, other: number) => (of === 0 ? 0 : Math.round((Math.abs(other - of) / of) * 100));

/** `210 slot-seconds estimated, took 231 slot-seconds (+10 %)`; `soFar` while it goes on. */
export function useText({ slotSec, cost, estimate }: JobUse, soFar: boolean): string {
  const took = `${slotTimeText(slotSec)}${cost ? `, ${moneyText(cost)}` : ''}`;
  if (estimate === null) return took;
  const thought = slotTimeText(estimate.slotSec);
  if (soFar) return `${took} so far, ${thought} estimated`;
  const more = slotSec >= estimate.slotSec ? '+' : '−';
  return `${thought} estimated, took ${took} (${more}${percentOf(estimate.slotSec, slotSec)} %)`;
}
