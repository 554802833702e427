/** Frames of one adapter class are the same, byte for byte: who draws what with workers of two. */
import type { Frame, Job } from '@kiln/shared';
import { expect, test } from 'vitest';
import type { FakeWorker } from '../fake-worker.ts';
import { call, until } from '../farm-fixture.ts';
import { useTenant } from '../tenant-fixture.ts';

const [ONE, TWO, THREE] = ['1111111111111111', '2222222222222222', '3333333333333333'];
const SIZE = { widthPx: 64, heightPx: 64 };

const own = useTenant();
const { addWorker, get, jobNow, ended, tasksOf } = own;

const submit = (layer: object, more: object = {}) =>
  own.post<Job>('/jobs', {
    sceneId: own.sceneId,
    layers: [{ size: SIZE, ...layer }],
    ...more,
  });

/** Ids of the workers that tried anything of a job. */
const workersOf = async (job: Job): Promise<ReadonlySet<string>> =>
  new Set((await tasksOf(job)).flatMap(({ attempts }) => attempts.map(({ workerId }) => workerId)));
const idsOf = (...workers: FakeWorker[]) => new Set(workers.map(({ registration }) => registration.workerId));

test('a strict job is drawn by one class, and waits and says so when the last of it has left', async () => {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const first = await addWorker({
    identity: { slots: 1, adapterClass: ONE },
    onFrame: (_, frameNumber) => (frameNumber > 2 ? held : undefined),
  });
  const job = await submit({ frames: '1-12' });
  expect(job).toMatchObject({ classPolicy: 'strict', adapterClass: null });
  await until(
    () => jobNow(job),
    ({ framesDone }) => framesDone === 2,
  );
  const other = await addWorker({ identity: { slots: 4, adapterClass: TWO } });
  await other.heartbeat();
  expect(await jobNow(job)).toMatchObject({ adapterClass: ONE, waitsFor: null });
  await first.goodbye();
  const waiting = await until(
    () => jobNow(job),
    ({ waitsFor }) => waitsFor !== null,
  );
  expect(waiting.waitsFor).toMatchObject({ reason: 'adapter-class', message: expect.stringContaining(ONE) });
  // Those who look at all jobs are told, too.
  const { items } = await get<{ items: Job[] }>('/jobs?limit=10');
  expect(items.find(({ id }) => id === job.id)?.waitsFor).toEqual(waiting.waitsFor);
  expect(await workersOf(job)).toEqual(idsOf(first));
  letGo();
  const again = await addWorker({ identity: { slots: 1, adapterClass: ONE, name: 'again' } });
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 12 });
  expect(await workersOf(job)).toEqual(idsOf(first, again));
  expect((await jobNow(job)).waitsFor).toBeNull();
});

test('a job that prefers a class goes on with another', async () => {
  const first = await addWorker({
    identity: { slots: 1, adapterClass: ONE },
    onFrame: (_, frameNumber) => (frameNumber > 2 ? new Promise<void>(() => {}) : undefined),
  });
  const job = await submit({ frames: '1-12' }, { classPolicy: 'prefer' });
  await until(
    () => jobNow(job),
    ({ framesDone }) => framesDone === 2,
  );
  await first.goodbye();
  const other = await addWorker({ identity: { slots: 4, adapterClass: TWO } });
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 12, adapterClass: ONE });
  expect(await workersOf(job)).toEqual(idsOf(first, other));
});

test('a frame is never divided between classes: a job that prefers one waits for it with what is begun', async () => {
  const first = await addWorker({
    identity: { slots: 1, adapterClass: ONE },
    onPiece: (_, { region }) => (region.x > 0 ? new Promise<void>(() => {}) : undefined),
  });
  const job = await submit({ frames: '1-3', tiles: { columns: 3, rows: 1 } }, { classPolicy: 'prefer' });
  // A frame is begun by what is done of it, not by what is tried.
  await until(
    () => tasksOf(job),
    (tasks) => tasks.some(({ state }) => state === 'succeeded'),
  );
  await first.goodbye();
  const other = await addWorker({ identity: { slots: 4, adapterClass: TWO } });
  const waiting = await until(
    () => jobNow(job),
    ({ framesDone, waitsFor }) => framesDone === 2 && waitsFor !== null,
  );
  expect(waiting.waitsFor).toMatchObject({ reason: 'adapter-class', message: expect.stringContaining(ONE) });
  const again = await addWorker({ identity: { slots: 1, adapterClass: ONE, name: 'again' } });
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 3 });
  const tasks = await tasksOf(job);
  const { items: frames } = await get<{ items: Frame[] }>(`/jobs/${job.id}/frames`);
  expect(frames).toHaveLength(3);
  const mine = idsOf(first, again);
  for (const frameNumber of [1, 2, 3]) {
    const done = tasks.filter((task) => task.frames[0] === frameNumber).flatMap(({ attempts }) => attempts);
    const classes = new Set(done.filter(({ state }) => state === 'succeeded').map((each) => mine.has(each.workerId)));
    expect([frameNumber, [...classes]]).toEqual([frameNumber, [frameNumber === 1]]);
  }
  expect(idsOf(other).size).toBe(1);
});

test.each([
  ['strict', { columns: 3, rows: 1 }],
  ['strict', null],
  ['prefer', { columns: 3, rows: 1 }],
] as const)(
  'a %s job (tiles: %j) that a worker gave back with nothing done is free for other classes',
  async (classPolicy, tiles) => {
    const never = () => new Promise<void>(() => {});
    const first = await addWorker({ identity: { slots: 2, adapterClass: ONE }, onPiece: never, onFrame: never });
    const job = await submit({ frames: '1-3', ...(tiles && { tiles }) }, { classPolicy });
    await until(
      () => workersOf(job),
      ({ size }) => size > 0,
    );
    expect(await jobNow(job)).toMatchObject({ adapterClass: ONE });
    await first.goodbye();
    expect(await jobNow(job)).toMatchObject({ adapterClass: null });
    const others = await Promise.all(
      [TWO, THREE].map((adapterClass) => addWorker({ identity: { slots: 2, adapterClass } })),
    );
    expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 3 });
    const tasks = await tasksOf(job);
    for (const frameNumber of [1, 2, 3]) {
      const done = tasks.filter((task) => task.frames[0] === frameNumber).flatMap(({ attempts }) => attempts);
      const by = new Set(done.filter(({ state }) => state === 'succeeded').map(({ workerId }) => workerId));
      expect(by.size).toBe(1);
      expect(idsOf(...others)).toContain([...by][0]);
    }
  },
);

test('who waits for a worker at all is told that', async () => {
  const job = await submit({ frames: '1' });
  const waiting = await until(
    () => jobNow(job),
    ({ waitsFor }) => waitsFor !== null,
  );
  expect(waiting.waitsFor).toMatchObject({ reason: 'workers' });
  await addWorker();
  await ended(job);
});

test('an unknown policy is refused by its path', async () => {
  const body = { sceneId: own.sceneId, classPolicy: 'any', layers: [{ frames: '1', size: SIZE }] };
  expect(await call(own.farm.url, own.tenant.key, 'POST', '/jobs', body)).toMatchObject({
    status: 400,
    body: { error: { code: 'request.invalid', field: '/classPolicy' } },
  });
});
