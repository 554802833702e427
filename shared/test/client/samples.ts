/** Resources as a farm shows them. */
import type { FarmEvent } from '../../src/schemas/event.ts';
import type { Job } from '../../src/schemas/job.ts';

export const JOB_ID = 'job_0123456789abcdefghjk';
export const SCENE_ID = 'scn_0123456789abcdefghjk';
const AT = '2026-01-31T12:00:00.000Z';

export const job = (change: Partial<Job> = {}): Job => ({
  id: JOB_ID,
  name: 'shot',
  sceneId: SCENE_ID,
  state: 'queued',
  priority: 50,
  classPolicy: 'strict',
  adapterClass: null,
  layers: [],
  frameCount: 3,
  framesDone: 0,
  framesFailed: 0,
  framesRedrawn: 0,
  reusedSamples: 0,
  filmCount: 0,
  filmsDone: 0,
  filmsFailed: 0,
  after: [],
  maxAttempts: 3,
  maxFailedTasks: null,
  user: null,
  tags: [],
  limits: [],
  maxSlots: null,
  maxPerHost: null,
  stoppedByFailures: false,
  error: null,
  createdAt: AT,
  startedAt: null,
  endedAt: null,
  archivedAt: null,
  ...change,
});

export const jobEvent = (id: number): FarmEvent => ({ id, at: AT, type: 'job', data: job({ framesDone: id }) });
