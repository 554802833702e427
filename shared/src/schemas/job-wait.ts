import type { Static } from 'typebox';
import * as Type from 'typebox';

/**
 * Why nothing of a job is given out. `workers`: there is none. `engine`: none can draw what is left. `requires`: none has what a
 * layer of it requires. `adapter-class`: none is of the class that drew what is done. `limit`: its tenant has as many slots as it may have. `share`: it, or its user, has its
 * share of the slots, and others wait, too. `priority`: other jobs of its tenant go before. `slots`: all are busy. `named-limit`: a limit that it names is used up. `job-slots`: it has as many tasks under
 * way as it allows itself. `failures`: as many of its tasks have failed as may.
 * `after`: a job that it comes after has not succeeded. `layer`: its
 * layers that are left need others, which are not done. `estimate`: what it would take is measured, for its budget; `unmeasured`: that
 * could not be. `budget`: it would take more, or has taken as much.
 * `store`: what is drawn of it is not stored, as the farm’s store is full. `tests`: one of its test frames failed. `approval`: somebody must approve them.
 */
export const JobWait = Type.Object({
  reason: Type.Enum([
    'workers',
    'engine',
    'requires',
    'adapter-class',
    'limit',
    'share',
    'named-limit',
    'job-slots',
    'priority',
    'slots',
    'failures',
    'after',
    'layer',
    'estimate',
    'unmeasured',
    'budget',
    'tests',
    'approval',
    'store',
  ]),
  message: Type.String(),
});
export type JobWait = Static<typeof JobWait>;

const HOLDS: ReadonlySet<JobWait['reason']> = new Set([
  'failures',
  'estimate',
  'unmeasured',
  'budget',
  'tests',
  'approval',
]);

/** Whether the farm holds the job itself: events tell of it, and but for `estimate` somebody must say that it goes on. */
export const isHold = (wait: JobWait | null | undefined): wait is JobWait =>
  wait !== null && wait !== undefined && HOLDS.has(wait.reason);
