import type { Static } from 'typebox';
import * as Type from 'typebox';
import { JobEstimate } from './estimate.ts';

/** What a job would be. */
export const JobPlan = Type.Object({
  frameCount: Type.Integer(),
  taskCount: Type.Integer(),
  layers: Type.Array(Type.Object({ name: Type.String(), frameCount: Type.Integer(), taskCount: Type.Integer() })),
  /** From earlier jobs; null where they do not tell of each layer. `POST /estimates` has what is missing drawn. */
  estimate: Type.Union([JobEstimate, Type.Null()]),
  warnings: Type.Array(Type.String(), {
    description: 'For what it would wait, or do without, with the workers that are here: a sentence each.',
  }),
});
export type JobPlan = Static<typeof JobPlan>;
