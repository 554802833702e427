/** How far a job is and what it waits for, in the width of a column. */
import type { Job, JobWait } from '@kiln/shared';
import { formatDuration } from './output.ts';

const WAITS: Readonly<Record<JobWait['reason'], string>> = {
  workers: 'a worker',
  engine: 'a worker that can',
  requires: 'a worker that has it',
  'adapter-class': 'a worker of its class',
  limit: 'its tenant’s limit',
  share: 'its turn: over its share',
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
  store: 'room in the farm’s store',
  failures: 'a retry: too much failed',
};

type Counts = Pick<Job, 'framesDone' | 'framesFailed' | 'frameCount'>;

export const waitWords = ({ waitsFor }: Pick<Job, 'waitsFor'>): string => (waitsFor ? WAITS[waitsFor.reason] : '');

/** How much is settled, from 0 to 1: failed frames included. */
export const shareSettled = ({ framesDone, framesFailed, frameCount }: Counts): number =>
  frameCount === 0 ? 0 : (framesDone + framesFailed) / frameCount;

/** Of frames that are there; not 100 % before all are. */
export const percentDone = ({ framesDone, frameCount }: Counts): string =>
  `${frameCount === 0 ? 0 : Math.floor((framesDone / frameCount) * 100)} %`;

/** `1,200/1,000,000 (3 failed)` */
export function framesText({ framesDone, framesFailed, frameCount }: Counts): string {
  const [done, failed, all] = [framesDone, framesFailed, frameCount].map((frames) => frames.toLocaleString('en'));
  return `${done}/${all}${framesFailed > 0 ? ` (${failed} failed)` : ''}`;
}

/** Of a job that has ended. */
export const tookText = ({ startedAt, endedAt }: Pick<Job, 'startedAt' | 'endedAt'>): string =>
  startedAt === null || endedAt === null ? '' : formatDuration(Date.parse(endedAt) - Date.parse(startedAt));
