/** A worker that fails at what others do is left alone for a while; a scene that fails everywhere suspends nobody. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job, Worker } from '@kiln/shared';
import { expect, test } from 'vitest';
import { DISPATCH_LIMITS } from '../../src/dispatch/limits.ts';
import { jobEnded, until } from '../farm-fixture.ts';
import { useTenant } from '../tenant-fixture.ts';

const own = useTenant();
const { addWorker, get, tasksOf } = own;

const submit = (frames: string, more: object = {}) =>
  own.post<Job>('/jobs', {
    sceneId: own.sceneId,
    layers: [{ frames, size: { widthPx: 64, heightPx: 64 } }],
    ...more,
  });
const workerOf = async (id: string) => (await get<{ items: Worker[] }>('/workers')).items.find((one) => one.id === id);

test('what fails at one worker goes to another, and three such failures suspend it until it is tried again', async () => {
  const bad = await addWorker({
    identity: { slots: 1, name: 'bad' },
    onFrame: () => {
      throw new Error('the GPU says no');
    },
  });
  const { workerId } = bad.registration;
  const job = await submit('1-4', { maxAttempts: 2 });
  await until(
    () => tasksOf(job),
    (tasks) => tasks.some(({ attempts }) => attempts.some(({ state }) => state === 'failed')),
  );
  const good = await addWorker({ identity: { slots: 1, name: 'good' } });
  // No task had its second try at the worker where the first had failed.
  expect(await jobEnded(own.farm.url, own.tenant.key, job.id)).toMatchObject({ state: 'succeeded' });
  const failed = (await tasksOf(job)).flatMap(({ attempts }) => attempts.filter(({ state }) => state === 'failed'));
  expect(failed.length).toBeGreaterThanOrEqual(1);
  expect(new Set(failed.map((attempt) => attempt.workerId))).toEqual(new Set([workerId]));
  expect(failed[0]).toMatchObject({ reason: 'render.failed', fault: 'worker' });
  while ((await workerOf(workerId))?.suspendedUntil === null) {
    await jobEnded(own.farm.url, own.tenant.key, (await submit('1-6')).id);
    await sleep(DISPATCH_LIMITS.tickMs * 1.1);
  }
  const suspended = await workerOf(workerId);
  expect(Date.parse(suspended?.suspendedUntil ?? '') - Date.now()).toBeGreaterThan(DISPATCH_LIMITS.suspensionMs / 2);
  expect((await workerOf(good.registration.workerId))?.suspendedUntil).toBeNull();
  const claimed = bad.claimed.length;
  await jobEnded(own.farm.url, own.tenant.key, (await submit('1-12')).id);
  expect(bad.claimed.length).toBe(claimed);
  // Its time is over.
  const { db } = own.farm.services.store;
  await db.updateTable('workers').set({ suspended_until: new Date() }).where('id', '=', workerId).execute();
  while (bad.claimed.length === claimed) await jobEnded(own.farm.url, own.tenant.key, (await submit('1-12')).id);
});

test('what fails everywhere is nobody’s fault', async () => {
  const onFrame = () => {
    throw new Error('no shader of this scene compiles');
  };
  const workers = [
    await addWorker({ identity: { slots: 2 }, onFrame }),
    await addWorker({ identity: { slots: 2 }, onFrame }),
  ];
  expect(await jobEnded(own.farm.url, own.tenant.key, (await submit('1-8', { maxAttempts: 2 })).id)).toMatchObject({
    framesFailed: 8,
  });
  await sleep(DISPATCH_LIMITS.tickMs * 1.1);
  for (const { registration } of workers) expect((await workerOf(registration.workerId))?.suspendedUntil).toBeNull();
});
