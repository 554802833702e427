/** How many slots of a worker are busy. */
import type { Worker } from '@kiln/shared';

type Slots = Pick<Worker, 'attempts' | 'slots'>;

/** Attempts that are there beforehand wait for a slot of it. */
export const busySlots = ({ attempts, slots }: Slots): number => Math.min(attempts, slots);

/** `2/2 +3`: three more wait there. */
export function busyText(worker: Slots): string {
  const busy = busySlots(worker);
  const waiting = worker.attempts - busy;
  return `${busy}/${worker.slots}${waiting > 0 ? ` +${waiting}` : ''}`;
}
