/** A job that stops when as many of its tasks have failed as may. */
import type { Job } from '@kiln/shared';
import { expect, test } from 'vitest';
import { audit } from '../../src/audit/audit.ts';
import { jobEnded, until } from '../farm-fixture.ts';
import { useTenant } from '../tenant-fixture.ts';

let broken: Set<number>;
const own = useTenant();
const { addWorker, jobNow, tasksOf } = own;

const submit = (layer: object, maxFailedTasks: number) =>
  own.post<Job>('/jobs', {
    sceneId: own.sceneId,
    layers: [{ size: { widthPx: 64, heightPx: 64 }, ...layer }],
    maxAttempts: 1,
    maxFailedTasks,
  });
const control = ({ id }: Job, what: 'resume' | 'retry') =>
  own.post<Job>(`/jobs/${id}/${what}`, what === 'retry' ? {} : undefined);
const stopped = (job: Job) =>
  until(
    () => jobNow(job),
    ({ stoppedByFailures }) => stoppedByFailures,
  );

/** Whose frames fail as long as they are in `broken`. */
async function addFailing(frames: readonly number[], onFrame: (frame: number) => Promise<void> | void = () => {}) {
  broken = new Set(frames);
  return addWorker({
    identity: { slots: 1 },
    onFrame: async (_, frame) => {
      await onFrame(frame);
      if (broken.has(frame)) throw new Error('bad luck');
    },
    onPiece: ({ work }) => {
      if (work.kind === 'piece' && broken.has(work.frameNumber)) throw new Error('bad luck');
    },
  });
}

const holds = async () => {
  const { checks } = await audit(own.farm.services, { bytes: false });
  expect(checks.filter(({ violations }) => violations > 0)).toEqual([]);
};

test('nothing more is begun after so many failures; a retry goes on, and the job ends as any other', async () => {
  await addFailing([1, 2]);
  const job = await submit({ frames: '1-60' }, 2);
  expect(job).toMatchObject({ maxFailedTasks: 2, stoppedByFailures: false });
  const now = await stopped(job);
  expect(now).toMatchObject({ state: 'paused', framesFailed: 2, endedAt: null, waitsFor: { reason: 'failures' } });
  expect(now.waitsFor?.message).toContain(`2 of its tasks failed: \`kiln job ${job.id} --retry\``);
  // What was being drawn ends; what had not begun is taken back.
  await until(
    () => tasksOf(job),
    (tasks) => tasks.every(({ state }) => state !== 'leased'),
  );
  const { framesDone } = await jobNow(job);
  expect(framesDone).toBeLessThan(58);
  // Another job is given out, and nothing of this one with it.
  await jobEnded(own.farm.url, own.tenant.key, (await submit({ frames: '300' }, 1)).id);
  expect(await jobNow(job)).toMatchObject({ state: 'paused', framesDone });
  await holds();
  broken.clear();
  expect(await control(job, 'retry')).toMatchObject({ state: 'running', stoppedByFailures: false, framesFailed: 0 });
  expect(await jobEnded(own.farm.url, own.tenant.key, job.id)).toMatchObject({ state: 'succeeded', framesDone: 60 });
  await holds();
});

test('one that is resumed stops again with the next failure', async () => {
  await addFailing([1, 40]);
  const job = await submit({ frames: '1-100' }, 1);
  expect(await stopped(job)).toMatchObject({ framesFailed: 1 });
  expect(await control(job, 'resume')).toMatchObject({ state: 'running', stoppedByFailures: false });
  expect(await stopped(job)).toMatchObject({ state: 'paused', framesFailed: 2 });
});

test('a frame in parts counts once, a task of several frames too', async () => {
  await addFailing([1, 2]);
  const parts = await submit({ frames: '1-100', tiles: { columns: 2, rows: 2 } }, 2);
  expect(await stopped(parts)).toMatchObject({ framesFailed: 2 });
  await holds();
  const chunks = await submit({ frames: '1-100', chunk: 4 }, 1);
  expect(await stopped(chunks)).toMatchObject({ framesFailed: 4, state: 'paused' });
  await holds();
});

test('when the fate of each frame is known it has failed, not stopped', async () => {
  let job: Job | undefined;
  // Two are under way at a time: the one that fails is the last whose fate is known.
  await addFailing([3], async (frame) => {
    if (frame !== 3) return;
    await until(
      async () => job && (await jobNow(job)).framesDone,
      (done) => done === 2,
    );
  });
  job = await submit({ frames: '1-3' }, 1);
  expect(await jobEnded(own.farm.url, own.tenant.key, job.id)).toMatchObject({
    state: 'failed',
    stoppedByFailures: false,
  });
  expect(await control(job, 'retry')).toMatchObject({ state: 'queued' });
  await jobEnded(own.farm.url, own.tenant.key, job.id);
  await holds();
});
