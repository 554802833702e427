/** What jobs may take: asked for when they come in, changed and approved later. */
import {
  type BudgetHold,
  durationText,
  type JobEstimate,
  KilnError,
  moneyText,
  parseBudget,
  slotTimeText,
} from '@kiln/shared';
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { Database } from '../store/tables.ts';
import type { SlotPrice } from './price.ts';

export type JobCostRow = Selectable<Database['job_costs']>;

const HOUR_SEC = 3_600;

/** @throws KilnError `request.invalid` for what is no budget; `job.unsupported` for money where there is no price of it. */
export function budgetSlotSec(text: string, price: SlotPrice | null, field = '/budget'): number {
  const budget = parseBudget(text, field);
  if ('slotSec' in budget) return budget.slotSec;
  const { amount, currency } = budget;
  if (price !== null && price.amount > 0 && price.currency === currency) return (amount / price.amount) * HOUR_SEC;
  const why =
    price === null || price.amount === 0
      ? 'this farm has no price of its slots: give a budget in time of slots, as 2h'
      : `this farm’s price is ${moneyText(price)} for an hour of a slot: give a budget in ${price.currency}, or in time of slots, as 2h`;
  throw new KilnError('job.unsupported', why, { field });
}

export const isOver = (estimate: JobEstimate, slotSec: number): boolean => estimate.slotSec > slotSec;

/** Of a job's costs, when it has any. The caller holds the job's lock. */
export const readCosts = (trx: Kysely<Database>, jobId: string): Promise<JobCostRow | undefined> =>
  trx.selectFrom('job_costs').selectAll().where('job_id', '=', jobId).executeTakeFirst();

/** Slot-seconds so far, what is under way included. */
export async function readUsedSec(db: Kysely<Database>, jobId: string): Promise<number> {
  const { used } = await db
    .selectFrom('layer_use')
    .select((eb) => eb.fn.coalesce(eb.fn.sum<number>(sql`slot_sec + running_sec`), eb.lit(0)).as('used'))
    .where('job_id', '=', jobId)
    .executeTakeFirstOrThrow();
  return Number(used);
}

/**
 * Sets, or with null removes, the budget of a job that is not over; what was approved of the old one is not of the new one.
 *
 * @returns whether the job is held by it now.
 * @throws KilnError as `budgetSlotSec`; `resource.conflict` for less than the job has taken already.
 */
export async function setBudget(
  trx: Transaction<Database>,
  jobId: string,
  budget: string | null,
  price: SlotPrice | null,
): Promise<{ readonly wasHeld: boolean; readonly isHeld: boolean }> {
  const before = await readCosts(trx, jobId);
  const slotSec = budget === null ? null : budgetSlotSec(budget, price);
  if (slotSec !== null) {
    const used = await readUsedSec(trx, jobId);
    if (used >= slotSec) {
      const message = `job ${jobId} has taken ${slotTimeText(used)} already: its budget must be more than ${durationText(used)}`;
      throw new KilnError('resource.conflict', message, { field: '/budget' });
    }
  }
  const estimate = before?.estimate ?? null;
  const isHeld = slotSec !== null && before?.hold === 'budget' && estimate !== null && isOver(estimate, slotSec);
  // One that is measured is compared with the new budget then.
  const hold: BudgetHold | null =
    budget !== null && before?.hold === 'estimate' ? 'estimate' : isHeld ? 'budget' : null;
  const values = { budget, budget_slot_sec: slotSec, hold, is_approved: false };
  await trx
    .insertInto('job_costs')
    .values({ job_id: jobId, ...values })
    .onConflict((conflict) => conflict.column('job_id').doUpdateSet(values))
    .execute();
  return { wasHeld: (before?.hold ?? null) !== null, isHeld: hold !== null };
}

/**
 * Somebody pauses a job that is held, or takes that back: when it is held no more it stays paused, or goes on.
 *
 * @returns whether it is held.
 */
export async function notePaused(trx: Transaction<Database>, jobId: string, isPaused: boolean): Promise<boolean> {
  const row = await trx
    .updateTable('job_costs')
    .set({ is_paused: isPaused })
    .where('job_id', '=', jobId)
    .where('hold', 'is not', null)
    .returning('job_id')
    .executeTakeFirst();
  return row !== undefined;
}

/** @returns whether somebody has paused a job that was held and is held no more. From then on it is paused like any other. */
export async function wasPaused(trx: Transaction<Database>, jobId: string): Promise<boolean> {
  const row = await trx
    .updateTable('job_costs')
    .set({ is_paused: false })
    .where('job_id', '=', jobId)
    .where('is_paused', '=', true)
    .returning('job_id')
    .executeTakeFirst();
  return row !== undefined;
}

/** @throws KilnError `resource.conflict` when the job is held by its budget. */
export async function refuseHeld(trx: Transaction<Database>, jobId: string): Promise<void> {
  const costs = await readCosts(trx, jobId);
  if (!costs?.hold) return;
  const message = `job ${jobId} is held by its budget of ${costs.budget}: approve it (\`kiln job ${jobId} --approve\`), or give it a larger one (\`--budget\`)`;
  throw new KilnError('resource.conflict', message);
}

/** @returns whether it was held by its budget; it may go over that now. */
export async function approveBudget(trx: Transaction<Database>, jobId: string): Promise<boolean> {
  const row = await trx
    .updateTable('job_costs')
    .set({ hold: null, is_approved: true })
    .where('job_id', '=', jobId)
    .where('hold', 'is not', null)
    .returning('job_id')
    .executeTakeFirst();
  return row !== undefined;
}
