/** What a job requires of its workers, and how often it tries, changed while it runs. */
import type { Job, JobChanges, JobRequest } from '@kiln/shared';
import { expect, test } from 'vitest';
import { call, jobOf, until } from '../farm-fixture.ts';
import { gate, useTenant } from '../tenant-fixture.ts';

const own = useTenant();
const { addWorker, jobNow, ended, tasksOf } = own;

const submit = (frames: string, more: Partial<JobRequest> = {}) =>
  own.post<Job>('/jobs', jobOf(own.sceneId, frames, more));
const change = (job: Job, body: JobChanges) => call(own.farm.url, own.tenant.key, 'PATCH', `/jobs/${job.id}`, body);
/** Worker of the attempt that succeeded, by frame. */
const drawnBy = async (job: Job) =>
  new Map(
    (await tasksOf(job)).map(({ frames, attempts }) => [
      frames[0],
      attempts.find(({ state }) => state === 'succeeded')?.workerName,
    ]),
  );

test('what waits follows the new requirement, with what its layers ask for themselves', async () => {
  const { layers } = jobOf(own.sceneId, '1-2');
  const job = await submit('1-2', {
    requires: { tags: ['fast'] },
    layers: layers.map((layer) => ({ ...layer, requires: { gpu: 'rtx' } })),
  });
  await addWorker({ identity: { name: 'plain', pid: 1, tags: ['slow'] } });
  expect((await jobNow(job)).waitsFor?.reason).toBe('requires');
  expect(await change(job, { requires: { tags: ['slow'] } })).toMatchObject({
    status: 200,
    body: { layers: [{ requires: { tags: ['slow'], gpu: 'rtx' } }] },
  });
  expect(await jobNow(job)).toMatchObject({
    layers: [{ requires: { tags: ['slow'], gpu: 'rtx' } }],
    waitsFor: { reason: 'requires', message: expect.stringContaining('rtx') },
  });
  await addWorker({ identity: { name: 'right', pid: 2, tags: ['slow'], renderer: 'RTX' } });
  expect(await ended(job)).toMatchObject({
    state: 'succeeded',
    layers: [{ requires: { tags: ['slow'], gpu: 'rtx' } }],
  });
  expect([...(await drawnBy(job)).values()]).toEqual(['right', 'right']);
});

test('what is being drawn goes on, what only waits at a worker goes to one that has it', async () => {
  const hold = gate();
  const first = await addWorker({ identity: { name: 'plain', pid: 1, slots: 1 }, onFrame: () => hold.held });
  const job = await submit('1-5');
  // Two are claimed, and one waits there.
  await until(
    async () => [first.claimed.length, (await tasksOf(job)).length],
    ([claimed, given]) => claimed === 2 && given === 3,
  );
  await addWorker({ identity: { name: 'quick', pid: 2, slots: 1, tags: ['fast'] } });
  expect(await change(job, { requires: { tags: ['fast'] } })).toMatchObject({ status: 200 });
  await until(
    () => jobNow(job),
    ({ framesDone }) => framesDone === 3,
  );
  hold.open();
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 5 });
  expect([...(await drawnBy(job))]).toEqual([
    [1, 'plain'],
    [2, 'plain'],
    [3, 'quick'],
    [4, 'quick'],
    [5, 'quick'],
  ]);
  const third = (await tasksOf(job)).find(({ frames }) => frames[0] === 3);
  expect(third?.attempts.map(({ state }) => state)).toEqual(['withdrawn', 'succeeded']);
});

test('nothing is required any more, and more tags than a worker has are refused', async () => {
  const tags = (from: number) => Array.from({ length: 20 }, (_, index) => `t${from + index}`);
  const { layers } = jobOf(own.sceneId, '1');
  const job = await submit('1', {
    requires: { tags: ['fast'] },
    layers: [...layers, ...layers.map((layer) => ({ ...layer, name: 'picky', requires: { tags: tags(0) } }))],
  });
  expect(await change(job, { requires: { tags: tags(20) } })).toMatchObject({
    status: 400,
    body: { error: { code: 'request.invalid', field: '/requires/tags' } },
  });
  expect((await jobNow(job)).layers[0]?.requires).toEqual({ tags: ['fast'] });
  const { body } = (await change(job, { requires: null })) as { body: Job };
  expect(body.layers.map(({ requires }) => requires)).toEqual([undefined, { tags: tags(0) }]);
  await own.post(`/jobs/${job.id}/cancel`);
});

test('tries that were changed are shown, and count for what fails from then on', async () => {
  let failures = 2;
  const hold = gate();
  await addWorker({
    onFrame: async () => {
      await hold.held;
      failures -= 1;
      if (failures >= 0) throw new Error('bad luck');
    },
  });
  const job = await submit('1', { maxAttempts: 1 });
  expect(job.maxAttempts).toBe(1);
  await until(
    () => jobNow(job),
    ({ state }) => state === 'running',
  );
  expect(await change(job, { maxAttempts: 3 })).toMatchObject({ status: 200, body: { maxAttempts: 3 } });
  hold.open();
  expect(await ended(job)).toMatchObject({ state: 'succeeded', maxAttempts: 3 });
});
