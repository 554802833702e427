/** Frames that are drawn before the others of their job. */
import type { Job, JobRequest } from '@kiln/shared';
import { expect, test } from 'vitest';
import { audit } from '../../src/audit/audit.ts';
import { call, until } from '../farm-fixture.ts';
import { gate, useTenant } from '../tenant-fixture.ts';

const own = useTenant();
const { addWorker, ended, jobNow, post, tasksOf } = own;
const LAYER = { frames: '1-12', size: { widthPx: 64, heightPx: 64 } };

const submit = (more: Partial<JobRequest>, ...layers: object[]) =>
  post<Job>('/jobs', { sceneId: own.sceneId, layers: layers.length === 0 ? [LAYER] : layers, ...more });
const waiting = (job: Job, reason: string) =>
  until(
    () => jobNow(job),
    ({ waitsFor }) => waitsFor?.reason === reason,
  );
const holds = async () => {
  const { checks } = await audit(own.farm.services, { bytes: false });
  expect(checks.filter(({ violations }) => violations > 0)).toEqual([]);
};

test('nothing else is begun before they are done, of no layer', async () => {
  const drawn: number[] = [];
  const { held, open } = gate();
  await addWorker({
    onFrame: async (_, frame) => {
      drawn.push(frame);
      if (frame === 6) await held;
    },
  });
  const job = await submit(
    { testFrames: 'first, middle, last' },
    { ...LAYER, name: 'a', chunk: 4 },
    { ...LAYER, name: 'b', frames: '20-24' },
  );
  expect(job.layers.map(({ testFrames }) => testFrames)).toEqual([
    [1, 7, 12],
    [20, 22, 24],
  ]);
  await ended(await submit({}, { ...LAYER, frames: '100' }));
  open();
  await ended(job);
  const tests = [1, 7, 12, 20, 22, 24];
  expect(new Set(drawn.filter((frame) => frame < 100).slice(0, 6))).toEqual(new Set(tests));
  const tasks = await tasksOf(job);
  const frames = tasks.flatMap((task) => (task.layerId === job.layers[0]?.id ? [task.frames] : []));
  expect(frames).toEqual([[1], [7], [12], [2, 3, 4, 5], [6, 8, 9, 10], [11]]);
  await holds();
});

test('while one is drawn, nothing but test frames is given out', async () => {
  const { held, open } = gate();
  await addWorker({ onFrame: (_, frame) => (frame === 5 ? held : undefined) });
  const job = await submit({ testFrames: '5,6' });
  await until(
    () => jobNow(job),
    ({ framesDone }) => framesDone === 1,
  );
  // Another job passes: whoever looks for work has looked at this one meanwhile.
  await ended(await submit({}, { ...LAYER, frames: '1-3' }));
  expect((await tasksOf(job)).map(({ frames }) => frames)).toEqual([[5], [6]]);
  expect(await call(own.farm.url, own.tenant.key, 'POST', `/jobs/${job.id}/approve`)).toMatchObject({ status: 409 });
  open();
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 12 });
});

test('the others wait for approval where that is asked for', async () => {
  await addWorker();
  const job = await submit({ testFrames: { frames: '1,12', approve: true } });
  // What a job waits for is read after its counters.
  const now = await until(
    () => waiting(job, 'approval'),
    ({ framesDone }) => framesDone === 2,
  );
  expect(now.state).toBe('running');
  expect(now.waitsFor?.message).toBe(
    `Its 2 test frames are done, to be looked at: \`kiln job ${job.id} --approve\` begins the other 10 frames.`,
  );
  await post(`/jobs/${job.id}/approve`);
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 12 });
  await holds();
});

test('when one fails the others are not begun; a retry, or approval, goes on', async () => {
  let isBroken = true;
  await addWorker({
    onFrame: (_, frame) => {
      if (isBroken && frame === 3) throw new Error('bad luck');
    },
  });
  const jobs = [
    await submit({ testFrames: '2,3', maxAttempts: 1 }),
    await submit({ testFrames: '2,3', maxAttempts: 1 }),
  ];
  for (const job of jobs) {
    const now = await until(
      () => waiting(job, 'tests'),
      ({ framesDone }) => framesDone === 1,
    );
    expect(now).toMatchObject({ framesFailed: 1 });
    expect(now.waitsFor?.message).toContain('A test frame of layer “main” failed, and nothing else is begun');
  }
  const [first, second] = jobs;
  if (!first || !second) throw new Error('two jobs were submitted');
  await post(`/jobs/${second.id}/approve`);
  expect(await ended(second)).toMatchObject({ state: 'failed', framesDone: 11, framesFailed: 1 });
  isBroken = false;
  await post(`/jobs/${first.id}/retry`, {});
  expect(await ended(first)).toMatchObject({ state: 'succeeded', framesDone: 12 });
  await holds();
});

test('layers that need the same frames go on with the others; a film has all frames in their order', async () => {
  const worker = await addWorker();
  const plate = { ...LAYER, name: 'plate', format: 'jpeg', films: [{ format: 'mp4' }] };
  const over = { ...LAYER, name: 'over', chunk: 5, needs: [{ layer: 'plate', frames: 'same' }] };
  const job = await submit({ testFrames: 'first, last' }, plate, over);
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 24, filmsDone: 1 });
  expect(worker.filmed.flat()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  await holds();
});

test('frames in parts are gated as whole ones are', async () => {
  const { held, open } = gate();
  await addWorker({ onFrame: (assignment) => (assignment.work.kind === 'assemble' ? held : undefined) });
  const job = await submit({ testFrames: '7' }, { ...LAYER, tiles: { columns: 2, rows: 1 } });
  await until(
    () => tasksOf(job),
    (tasks) => tasks.some(({ kind, state }) => kind === 'assemble' && state === 'leased'),
  );
  await ended(await submit({}, { ...LAYER, frames: '1' }));
  expect(new Set((await tasksOf(job)).flatMap(({ frames }) => frames))).toEqual(new Set([7]));
  open();
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 12 });
  await holds();
});
