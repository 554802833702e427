/** What a job would take, thought of before it is drawn, and what it took. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Id, Timestamp } from '../identifiers.ts';
import { JobBudget } from './budget.ts';

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** Price of slot-seconds, as the operator has set it. */
export const Money = Type.Object({ amount: Type.Number(), currency: Type.String() });
export type Money = Static<typeof Money>;

/**
 * `history`: what frames of the same scene with the same settings took in earlier jobs. `probe`: pictures with few samples that
 * were drawn for this.
 */
export const EstimateBasis = Type.Enum(['history', 'probe']);
export type EstimateBasis = Static<typeof EstimateBasis>;

/** Seconds of one slot. Four of five times it takes no less than `lowSlotSec` and no more than `highSlotSec`. */
const slotTime = {
  slotSec: Type.Number({ minimum: 0, description: 'Seconds of one slot.' }),
  lowSlotSec: Type.Number({ minimum: 0 }),
  highSlotSec: Type.Number({ minimum: 0 }),
};

export const LayerEstimate = Type.Object({
  name: Type.String(),
  frameCount: Type.Integer(),
  frameSec: Type.Number({ minimum: 0, description: 'Seconds of one slot that a frame takes.' }),
  ...slotTime,
  basis: EstimateBasis,
  /** Frames whose times it is made from. */
  measuredFrames: Type.Integer(),
});
export type LayerEstimate = Static<typeof LayerEstimate>;

export const JobEstimate = Type.Object({
  ...slotTime,
  /** From its first frame to its last on the slots that could draw it when it was made; null when there were none. */
  wallSec: Nullable(Type.Number({ minimum: 0 })),
  slots: Type.Integer({ minimum: 0, description: 'Slots that could draw it when it was made.' }),
  /** Null where the operator has set no price. */
  cost: Nullable(Money),
  confidence: Type.Number({ description: 'How often it takes from `lowSlotSec` to `highSlotSec`.' }),
  layers: Type.Array(LayerEstimate),
  madeAt: Timestamp,
});
export type JobEstimate = Static<typeof JobEstimate>;

/** `measuring`: its probe is drawn. */
export const Estimate = Type.Object({
  id: Id('estimate'),
  sceneId: Id('scene'),
  state: Type.Enum(['measuring', 'ready', 'failed']),
  /** The job whose pictures are drawn for it; null where earlier jobs told enough. */
  probeJobId: Nullable(Id('job')),
  estimate: Nullable(JobEstimate),
  error: Nullable(Type.Object({ code: Type.String(), message: Type.String() })),
  createdAt: Timestamp,
});
export type Estimate = Static<typeof Estimate>;

/** What a job has cost so far, and what was thought. */
export const JobUse = Type.Object({
  /** Of attempts that have ended, those that failed included; known some two seconds after. */
  slotSec: Type.Number({ minimum: 0 }),
  cost: Nullable(Money),
  /** Made before it was begun; null where none was asked for. */
  estimate: Nullable(JobEstimate),
  /** Null: it may take what it takes. */
  budget: Nullable(JobBudget),
});
export type JobUse = Static<typeof JobUse>;
