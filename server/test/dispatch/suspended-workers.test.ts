/** A worker that fails at what others do is left alone for a while; a scene that fails everywhere suspends nobody. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job, Worker } from '@kiln/shared';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { DISPATCH_LIMITS } from '../../src/dispatch/limits.ts';
import { failCanary, forgiveWorkers } from '../../src/dispatch/suspend-workers.ts';
import { readAbleSlots } from '../../src/estimates/able-slots.ts';
import { jobEnded, until } from '../farm-fixture.ts';
import { gate, useTenant } from '../tenant-fixture.ts';

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
  const { held, open } = gate();
  const bad = await addWorker({
    identity: { slots: 1, name: 'bad' },
    onFrame: async () => {
      await held;
      throw new Error('the GPU says no');
    },
  });
  const { workerId } = bad.registration;
  const job = await submit('1-4', { maxAttempts: 2 });
  await until(
    () => tasksOf(job),
    (tasks) => tasks.some(({ attempts }) => attempts.some(({ state }) => state === 'running')),
  );
  // Slow enough to leave work to the other one.
  const good = await addWorker({ identity: { slots: 1, name: 'good' }, frameMs: 100 });
  open();
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

/** As after three tasks that others then did. */
const suspend = (workerId: string) =>
  sql`update workers set suspended_for = 'tasks', canary_due = true, suspensions = 1, suspended_until = now() + interval '10 minutes'
    where id = ${workerId}`.execute(own.farm.services.store.db);

test('[WK22] a suspended worker whose canary is right is given what no other could do', async () => {
  let drawn = 0;
  const worker = await addWorker({
    onCanary: () => {
      drawn++;
      return null;
    },
  });
  const { workerId } = worker.registration;
  await suspend(workerId);
  await until(
    async () => drawn,
    (n) => n > 0,
  );
  expect(await own.ended(await submit('1-4'))).toMatchObject({ state: 'succeeded' });
  expect(await workerOf(workerId)).toMatchObject({ suspendedFor: 'tasks', suspendedUntil: expect.any(String) });
});

test('[WK22] one whose canary is wrong is given nothing at all, until it is right when its time is over', async () => {
  let fault: string | null = 'the canary has wrong pixels';
  const worker = await addWorker({ onCanary: () => fault });
  const { workerId } = worker.registration;
  await suspend(workerId);
  const wrong = await until(
    () => workerOf(workerId),
    (one) => one?.suspendedFor === 'canary',
  );
  expect(Date.parse(wrong?.suspendedUntil ?? '') - Date.now()).toBeGreaterThan(DISPATCH_LIMITS.suspensionMs);
  const job = await submit('1-4');
  await sleep(DISPATCH_LIMITS.tickMs * 2);
  expect(worker.claimed).toEqual([]);
  expect((await own.jobNow(job)).waitsFor).toMatchObject({
    reason: 'workers',
    message: expect.stringContaining('draws its canary right'),
  });
  expect(await worker.heartbeat()).not.toHaveProperty('drawCanary');
  // It counts for nobody who asks what could be drawn how fast, but a job that it alone could draw is not refused.
  const { db } = own.farm.services.store;
  const slots = async () =>
    (await readAbleSlots(db, own.tenant.id))({ engine: 'raster', backend: 'auto', requires: null });
  expect(await get('/capabilities')).toMatchObject({ slots: 0, engines: [{ engine: 'raster', workers: 0 }] });
  expect(await slots()).toBe(0);
  fault = null;
  await db.updateTable('workers').set({ suspended_until: new Date() }).where('id', '=', workerId).execute();
  expect(await own.ended(job)).toMatchObject({ state: 'succeeded' });
  expect(await workerOf(workerId)).toMatchObject({ suspendedFor: null, suspendedUntil: null });
  expect(await slots()).toBeGreaterThan(0);
});

test('[WK22] however often it was suspended, it is for no longer than the longest time', async () => {
  const { workerId } = (await addWorker()).registration;
  const suspendedUntil = await own.farm.services.store.db.transaction().execute(async (trx) => {
    await sql`
      update workers set suspended_for = 'tasks', canary_due = true, suspensions = 2000, suspended_until = now()
      where id = ${workerId}`.execute(trx);
    return failCanary(trx, workerId);
  });
  const ms = (suspendedUntil?.getTime() ?? 0) - Date.now();
  expect(ms).toBeGreaterThan(DISPATCH_LIMITS.suspensionMaxMs / 2);
  expect(ms).toBeLessThanOrEqual(DISPATCH_LIMITS.suspensionMaxMs);
});

test('[WK22] what one whose canary is wrong still draws is drawn by another', async () => {
  const { held, open } = gate();
  const worker = await addWorker({ onCanary: () => 'the canary has wrong pixels', onFrame: () => held });
  const job = await submit('1-2', { maxAttempts: 1 });
  await until(
    async () => worker.claimed.length,
    (n) => n === 2,
  );
  await suspend(worker.registration.workerId);
  const [one] = await until(
    () => tasksOf(job),
    (tasks) => tasks.every(({ state }) => state === 'waiting'),
  );
  expect(one?.attempts).toMatchObject([{ state: 'cancelled', message: expect.stringContaining('wrong pixels') }]);
  await addWorker();
  expect(await own.ended(job)).toMatchObject({ state: 'succeeded', framesDone: 2 });
  open();
});

test('a verdict that nobody asked for changes nothing', async () => {
  const worker = await addWorker();
  const { workerId, workerSecret } = worker.registration;
  await worker.post('/worker/canary', workerSecret, { fault: 'out of the blue' });
  expect(await workerOf(workerId)).toMatchObject({ suspendedFor: null, suspendedUntil: null });
});

test('a good stretch makes the next suspension shorter; one with a fault or without work does not', async () => {
  const { db } = own.farm.services.store;
  let isBad = false;
  const worker = await addWorker({
    onFrame: () => {
      if (isBad) throw new Error('once');
    },
  });
  const { workerId } = worker.registration;
  const stretch = async (suspensions: number) => {
    const longAgo = sql<Date>`now() - ${sql.lit(2 * DISPATCH_LIMITS.goodStretchMs)} * interval '1 millisecond'`;
    await db.updateTable('workers').set({ suspensions, watched_from: longAgo }).where('id', '=', workerId).execute();
    await forgiveWorkers(db);
    const row = await db
      .selectFrom('workers')
      .select(['suspensions', sql<boolean>`watched_from > now() - interval '1 minute'`.as('is_new')])
      .where('id', '=', workerId)
      .executeTakeFirstOrThrow();
    return [row.suspensions, row.is_new];
  };
  expect(await stretch(2)).toEqual([2, true]);
  await own.ended(await submit('1-2'));
  expect(await stretch(2)).toEqual([1, true]);
  expect(await stretch(0)).toEqual([0, false]);
  isBad = true;
  await own.ended(await submit('1', { maxAttempts: 1 }));
  expect(await stretch(2)).toEqual([2, false]);
});
