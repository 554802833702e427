/** What owners ask of a job under way, or of one that is over. */
import type { Static } from 'typebox';
import * as Type from 'typebox';
import { LIMITS } from '../limits.ts';
import { BOUND_CHANGES } from './bounds.ts';
import { Budget } from './budget.ts';
import { JobRequest } from './job.ts';
import { Requires } from './requires.ts';

/** What of a job may be changed while it is not over. */
export const JobChanges = Type.Object(
  {
    priority: JobRequest.properties.priority,
    maxAttempts: JobRequest.properties.maxAttempts,
    maxFailedTasks: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: LIMITS.jobFrames }), Type.Null()], {
        description: 'As soon as so many of its tasks have failed it stops; null: it goes on however many fail.',
      }),
    ),
    tags: JobRequest.properties.tags,
    requires: Type.Optional(
      Type.Union([Requires, Type.Null()], {
        description:
          'What its workers must have from now on, instead of what the job asked for; what a layer asks for itself stays. Null: nothing. What is being drawn goes on.',
      }),
    ),
    ...BOUND_CHANGES,
    budget: Type.Optional(Type.Union([Budget, Type.Null()])),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type JobChanges = Static<typeof JobChanges>;

export const PauseRequest = Type.Object(
  {
    stopRunning: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'Frames that are being drawn are stopped too: long ones go on later from what is stored of them, others from their beginning.',
      }),
    ),
  },
  { additionalProperties: false },
);

export const RetryRequest = Type.Object(
  {
    layer: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'Of this layer only.' })),
    frames: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: LIMITS.frameExpressionChars,
        description: 'These frames only, each of which has failed; all that have, and films, unless given.',
      }),
    ),
    done: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'Of `frames`, draws also those anew that are done, whatever their files show. They are gone until then.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type RetryRequest = Static<typeof RetryRequest>;
