/** Work that asks something of its workers, on a farm at work. */
import type { Estimate, Job, JobPlan, JobRequest, Layer } from '@kiln/shared';
import { expect, test } from 'vitest';
import { call, jobOf, REPORT, until } from '../farm-fixture.ts';
import { gate, useTenant } from '../tenant-fixture.ts';

const own = useTenant();
const { addWorker, jobNow, ended, tasksOf } = own;

const GIB = 1_024 ** 3;

const request = (frames: string, more: Partial<JobRequest> = {}) => jobOf(own.sceneId, frames, more);
const submit = (frames: string, more: Partial<JobRequest> = {}) => own.post<Job>('/jobs', request(frames, more));
const plan = (more: Partial<JobRequest> = {}) => own.post<JobPlan>('/job-plans', request('1-4', more));

/** Names of the workers that drew something of it. */
const drawnBy = async (job: Job) =>
  [...new Set((await tasksOf(job)).flatMap(({ attempts }) => attempts.map(({ workerName }) => workerName)))].sort();

const waiting = (job: Job, text: string) =>
  until(
    () => jobNow(job),
    ({ waitsFor }) => waitsFor?.message.includes(text) ?? false,
  );

/** Says that the scene of this test takes so much. */
const makeSceneTake = (gpuBytes: number) =>
  own.farm.services.store.db
    .updateTable('scenes')
    .set({ report: JSON.stringify({ ...REPORT, gpuBytes }) })
    .where('id', '=', own.sceneId)
    .execute();

test('a job waits for a worker that has what it requires, says what is lacking, and is drawn there alone', async () => {
  await addWorker({ identity: { name: 'plain', pid: 1, slots: 4 } });
  const job = await submit('1-6', { requires: { tags: ['fast'] } });
  expect(job.layers[0]?.requires).toEqual({ tags: ['fast'] });
  expect((await jobNow(job)).waitsFor).toEqual({
    reason: 'requires',
    message: 'Layer “main” needs the tag `fast`: the one worker that could draw it lacks it.',
  });
  // Whatever else there is goes on.
  expect(await ended(await submit('1-3'))).toMatchObject({ state: 'succeeded' });
  await addWorker({ identity: { name: 'quick', pid: 2, slots: 1, tags: ['fast'] } });
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 6 });
  expect(await drawnBy(job)).toEqual(['quick']);
});

test('a layer adds to what its job requires; what it required says nothing any more when it is drawn', async () => {
  const hold = gate();
  const onFrame = (_: unknown, frameNumber: number) => (frameNumber === 1 ? undefined : hold.held);
  const first = await addWorker({ identity: { name: 'first', pid: 1, tags: ['fast'], renderer: 'RTX' }, onFrame });
  const size = { widthPx: 64, heightPx: 64 };
  const layers = [
    { name: 'a', frames: '1', size, requires: { gpu: 'rtx' } },
    { name: 'b', frames: '2-5', size, needs: ['a'] },
  ];
  const job = await submit('1', { layers, requires: { tags: ['fast'] } });
  expect(job.layers.map(({ requires }: Layer) => requires)).toEqual([
    { tags: ['fast'], gpu: 'rtx' },
    { tags: ['fast'] },
  ]);
  await until(
    () => jobNow(job),
    ({ framesDone }) => framesDone === 1,
  );
  await addWorker({ identity: { name: 'second', pid: 2, tags: ['fast'] }, onFrame });
  await first.goodbye();
  await until(
    () => drawnBy(job),
    (names) => names.includes('second'),
  );
  expect((await jobNow(job)).waitsFor).toBeNull();
  hold.open();
  expect(await ended(job)).toMatchObject({ state: 'succeeded' });
});

test('a job that only a busy worker may draw says so with numbers, though others are free', async () => {
  const hold = gate();
  await addWorker({ identity: { name: 'quick', pid: 1, slots: 1, tags: ['fast'] }, onFrame: () => hold.held });
  await addWorker({ identity: { name: 'plain', pid: 2, slots: 2 } });
  const first = await submit('1-9', { requires: { tags: ['fast'] } });
  await until(
    () => jobNow(first),
    ({ state }) => state === 'running',
  );
  const second = await submit('1', { requires: { tags: ['fast'] }, priority: 10 });
  expect((await waiting(second, '1 task')).waitsFor).toEqual({
    reason: 'priority',
    message:
      'Waits for a slot: the only one that has what it needs is busy with 1 task of yours, and 1 job of yours of higher priority before this one; 2 others lack it.',
  });
  hold.open();
  expect(await ended(first)).toMatchObject({ state: 'succeeded' });
  expect(await ended(second)).toMatchObject({ state: 'succeeded' });
});

test('a large scene is drawn where it fits, waits for that, and elsewhere only where it fits nowhere', async () => {
  await makeSceneTake(9 * GIB);
  const hold = gate();
  const small = { name: 'small', pid: 1, slots: 4, gpuMemoryBytes: 8 * GIB };
  await addWorker({ identity: small });
  expect((await plan()).warnings).toEqual([
    'The scene of layer “main” takes about 10 GiB of GPU memory: the one worker that could draw it is smaller, and would draw it all the same.',
  ]);
  const alone = await submit('1-4');
  expect(await ended(alone)).toMatchObject({ state: 'succeeded' });
  expect(await drawnBy(alone)).toEqual(['small']);
  const large = { name: 'large', pid: 2, slots: 1, gpuMemoryBytes: 48 * GIB };
  await addWorker({ identity: large, onFrame: () => hold.held });
  expect((await plan()).warnings).toEqual([]);
  const job = await submit('1-6');
  await until(
    () => jobNow(job),
    ({ state }) => state === 'running',
  );
  const behind = await submit('1', { priority: 10 });
  expect((await waiting(behind, '1 task')).waitsFor?.message).toContain(
    'the only one that has what it needs is busy with 1 task of yours',
  );
  hold.open();
  expect(await ended(job)).toMatchObject({ state: 'succeeded' });
  await ended(behind);
  expect(await drawnBy(job)).toEqual(['large']);
  expect(await drawnBy(behind)).toEqual(['large']);
});

test('a plan warns of what no worker has, and estimates are asked of workers that have it', async () => {
  await addWorker({ identity: { name: 'plain', pid: 1, memoryBytes: 16 * GIB } });
  expect((await plan({ requires: { memoryBytes: 64 * GIB } })).warnings).toEqual([
    'Layer “main” needs 64 GiB of memory: the one worker that says has 16 GiB. The job would wait for one.',
  ]);
  const estimate = (requires: JobRequest['requires']) =>
    own.post<Estimate>('/estimates', request('1-9', requires ? { requires } : {}));
  const anywhere = await estimate(undefined);
  const picky = await estimate({ memoryBytes: 64 * GIB });
  expect(picky.probeJobId).not.toBe(anywhere.probeJobId);
  const probe = await own.get<Job>(`/jobs/${picky.probeJobId}`);
  expect(probe.layers.map(({ requires }) => requires)).toEqual(probe.layers.map(() => ({ memoryBytes: 64 * GIB })));
  expect(probe.waitsFor?.message).toContain('needs 64 GiB of memory');
});

test('more tags than a worker may have are refused, also where job and layer have as many together', async () => {
  const tags = (from: number) => Array.from({ length: 20 }, (_, index) => `t${from + index}`);
  const { layers, ...rest } = request('1', { requires: { tags: tags(0) } });
  const body = { ...rest, layers: layers.map((layer) => ({ ...layer, requires: { tags: tags(20) } })) };
  const { key } = own.tenant;
  const { status, body: answer } = await call(own.farm.url, key, 'POST', '/jobs', body);
  expect(status).toBe(400);
  expect(answer).toMatchObject({ error: { code: 'request.invalid', field: '/layers/0/requires/tags' } });
});
