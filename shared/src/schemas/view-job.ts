/** A job that is made of a live view. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Job, JobRequest } from './job.ts';
import { RenderSettings } from './settings.ts';

/** What a view does not say of its job, and what the job has otherwise. */
export const ViewJobRequest = Type.Object(
  {
    size: Type.Optional(RenderSettings.properties.size),
    samples: Type.Optional(RenderSettings.properties.samples),
    ...Type.Partial(Type.Pick(RenderSettings, ['format', 'bitDepth', 'quality'])).properties,
    ...Type.Pick(JobRequest, [
      ...(['name', 'user', 'tags', 'limits', 'maxSlots', 'maxPerHost', 'requires', 'priority'] as const),
      ...(['maxAttempts', 'frameTimeoutMs', 'classPolicy', 'idempotencyKey', 'notify'] as const),
    ]).properties,
  },
  { additionalProperties: false },
);
export type ViewJobRequest = Static<typeof ViewJobRequest>;

/**
 * Why the frame of a view is drawn from its first sample on. `not-drawn`: nothing was drawn of the view that a frame may begin
 * with. `other-picture`: the job's size, samples or format need other samples, or the view shows a moment between two frames.
 * `no-worker`: nobody draws the view, or whoever does has not answered in time. `not-stored`: what was handed over could not be
 * stored, or not be used. `known-job`: the job was there before.
 */
export const NotReused = Type.Enum(['not-drawn', 'other-picture', 'no-worker', 'not-stored', 'known-job']);
export type NotReused = Static<typeof NotReused>;

export const ViewJob = Type.Object({
  job: Job,
  /** Samples of the view that its frame begins with. */
  reusedSamples: Type.Integer({ minimum: 0 }),
  /** Null where some are. */
  notReused: Type.Union([NotReused, Type.Null()]),
});
export type ViewJob = Static<typeof ViewJob>;
