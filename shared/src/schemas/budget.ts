/** What a job may take. */

import type { Static } from 'typebox';
import * as Type from 'typebox';

/** What `parseBudget` takes. */
export const Budget = Type.String({
  minLength: 2,
  maxLength: 40,
  description:
    'Time of slots, as `2h`, `1h30m` or `90s`, or money, as `40 EUR`, where the operator has set a price. A job that is estimated to take more is held until somebody approves it, and one that has taken as much is paused.',
});
export type Budget = Static<typeof Budget>;

/** Why a job is held: `estimate`: what it would take is being measured, or could not be. `budget`: it would take more, or has. */
export const BudgetHold = Type.Enum(['estimate', 'budget']);
export type BudgetHold = Static<typeof BudgetHold>;

export const JobBudget = Type.Object({
  /** As it was asked for. */
  budget: Budget,
  slotSec: Type.Number({ minimum: 0, description: 'What that is in seconds of one slot.' }),
  /** Somebody let it go over. */
  isApproved: Type.Boolean(),
  /** The job is paused because of it; null: it is not. */
  hold: Type.Union([BudgetHold, Type.Null()]),
});
export type JobBudget = Static<typeof JobBudget>;
