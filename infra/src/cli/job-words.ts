/** How far a job is and what it waits for, in the width of a column. */
import type { Job, JobWait } from '@kiln/shared';

const WAITS: Readonly<Record<JobWait['reason'], string>> = {
  workers: 'a worker',
  engine: 'a worker that can',
  requires: 'a worker that has it',
  'adapter-class': 'a worker of its class',
  limit: 'its tenant’s limit',
  'named-limit': 'a limit it names',
  'job-slots': 'its own slots',
  priority: 'more urgent jobs',
  slots: 'a free slot',
  after: 'jobs before it',
  layer: 'layers before others',
  estimate: 'its estimate',
  unmeasured: 'approval: not measured',
  budget: 'approval: over its budget',
  tests: 'its test frames',
  approval: 'approval: see its test frames',
  failures: 'a retry: too much failed',
};

type Counts = Pick<Job, 'framesDone' | 'framesFailed' | 'frameCount'>;

export const waitWords = ({ waitsFor }: Pick<Job, 'waitsFor'>): string => (waitsFor ? WAITS[waitsFor.reason] : '');

/** From 0 to 1, failed frames included. */
export const shareDone = ({ framesDone, framesFailed, frameCount }: Counts): number =>
  frameCount === 0 ? 0 : (framesDone + framesFailed) / frameCount;

/** Not 100 % before all is settled. */
export const percentDone = (job: Counts): string => `${Math.floor(shareDone(job) * 100)} %`;
