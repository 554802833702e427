/** The view of a live session becomes a job. */
import type { ViewJob } from '@kiln/shared';
import type { FarmClient } from '../connection.ts';

/** @param samples of its frame. @defaultValue the view's */
export const renderLive = (farm: FarmClient, sessionId: string, samples?: number): Promise<ViewJob> =>
  farm.client.renderSession({ params: { sessionId }, body: samples === undefined ? {} : { samples } });

const WHY_NOT = {
  'not-drawn': 'nothing of the view was drawn that it could begin with',
  'other-picture': 'the view’s samples are not those of its frame',
  'no-worker': 'the worker of the view did not answer in time',
  'not-stored': 'the samples of the view could not be stored',
  'known-job': 'the job was there before',
} as const satisfies Record<NonNullable<ViewJob['notReused']>, string>;

export function viewJobText({ job, reusedSamples, notReused }: ViewJob): string {
  const samples = job.layers[0]?.settings.samples ?? 0;
  const why = notReused === null ? '' : `: ${WHY_NOT[notReused]}`;
  return `${job.id}: begins with ${reusedSamples} of ${samples} samples from the live view${why}`;
}
