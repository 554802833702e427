/** Slots between tenants, as workers of a farm get them, and what those who wait are told. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job } from '@kiln/shared';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DISPATCH_LIMITS } from '../../src/dispatch/limits.ts';
import {
  addScene,
  addTenant,
  ask,
  jobEnded,
  startFarm,
  type TestFarm,
  type TestTenant,
  until,
} from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { useWorkers } from '../workers-fixture.ts';

let redis: TestRedis;
let farm: TestFarm;
const addWorker = useWorkers(() => farm.url);

beforeAll(async () => {
  redis = await startRedis();
  farm = await startFarm({ redisUrl: redis.url });
});
afterAll(async () => {
  await farm?.stop();
  await redis?.stop();
});

/** The leader looks at limits, and writes down what was used, with every tick. */
const nextTick = () => sleep(DISPATCH_LIMITS.tickMs * 1.2);

async function tenantOf(name: string, limits: { max_slots?: number; min_slots?: number; share_weight?: number } = {}) {
  const tenant = await addTenant(farm, name);
  const { db } = farm.services.store;
  if (Object.keys(limits).length > 0) {
    await db.updateTable('tenants').set(limits).where('id', '=', tenant.id).execute();
    await nextTick();
  }
  return { ...tenant, sceneId: await addScene(farm, tenant.id) };
}

const submit = (tenant: TestTenant & { sceneId: string }, frames: string, more: object = {}) =>
  ask<Job>(farm.url, tenant.key, 'POST', '/jobs', {
    sceneId: tenant.sceneId,
    layers: [{ frames, size: { widthPx: 64, heightPx: 64 } }],
    ...more,
  });
const jobNow = (tenant: TestTenant, { id }: Job) => ask<Job>(farm.url, tenant.key, 'GET', `/jobs/${id}`);

test('a tenant never has more under way than its limit, while others use the rest', async () => {
  const limited = await tenantOf('limited', { max_slots: 2 });
  const other = await tenantOf('other');
  let most = 0;
  await addWorker({ identity: { slots: 4 } });
  const { db } = farm.services.store;
  const held = async () => {
    const { n } = await db
      .selectFrom('attempts as a')
      .innerJoin('tasks as t', 't.id', 'a.task_id')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('t.tenant_id', '=', limited.id)
      .where('a.state', 'in', ['assigned', 'running'])
      .executeTakeFirstOrThrow();
    most = Math.max(most, Number(n));
  };
  const job = await submit(limited, '1-16');
  const beside = await submit(other, '1-16');
  const ended = Promise.all([jobEnded(farm.url, limited.key, job.id), jobEnded(farm.url, other.key, beside.id)]);
  let isOver = false;
  void ended.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await held();
    await sleep(5);
  }
  await ended;
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(2);
});

test('who waits is told for what, with numbers', async () => {
  const limited = await tenantOf('told', { max_slots: 1 });
  const other = await tenantOf('waiting');
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  await addWorker({ identity: { slots: 1 }, onFrame: () => held });
  const first = await submit(limited, '1-3');
  await until(
    () => jobNow(limited, first),
    ({ state }) => state === 'running',
  );
  const second = await submit(limited, '1', { priority: 20 });
  expect((await jobNow(limited, second)).waitsFor).toEqual({
    reason: 'limit',
    message: 'At your limit: 1 of 1 slot in use, and 1 job of yours of higher priority before this one.',
  });
  expect((await jobNow(limited, first)).waitsFor).toBeNull();
  // What is ahead of the slot is somebody else’s: it waits for its turn at most.
  const ahead = await submit(other, '1-9');
  await until(
    () => jobNow(other, ahead),
    ({ state }) => state === 'running',
  );
  // Given to the worker, and drawn by none.
  const queued = await until(
    () => jobNow(other, ahead),
    ({ waitsFor }) => waitsFor?.message.includes('next 2 tasks') ?? false,
  );
  expect(queued.waitsFor).toEqual({
    reason: 'slots',
    message: 'Waits for a slot: its next 2 tasks are at “fake” already, behind 1 task of others.',
  });
  const behind = await submit(other, '1', { priority: 10 });
  expect((await jobNow(other, behind)).waitsFor).toEqual({
    reason: 'priority',
    message:
      'Waits for a slot: the only one is busy with 1 task of others, and 1 job of yours of higher priority before this one.',
  });
  // What it gained by waiting counts.
  await sql`update jobs set created_at = now() - interval '2 hours' where id = ${behind.id}`.execute(
    farm.services.store.db,
  );
  expect((await jobNow(other, behind)).waitsFor).toMatchObject({
    reason: 'slots',
    message: expect.not.stringContaining('before this one'),
  });
  letGo();
  for (const [tenant, job] of [
    [limited, first],
    [limited, second],
    [other, ahead],
    [other, behind],
  ] as const) {
    expect(await jobEnded(farm.url, tenant.key, job.id)).toMatchObject({ state: 'succeeded' });
  }
});

test('who has its share of the slots, while others wait, is told so with numbers, and what all hold is written down', async () => {
  const heavy = await tenantOf('heavy', { share_weight: 3 });
  const light = await tenantOf('light');
  const { db } = farm.services.store;
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  await addWorker({ identity: { slots: 4 }, onFrame: () => held });
  const drawn = await submit(heavy, '1-20', { user: 'ann' });
  const count = async () => {
    const rows = await db
      .selectFrom('tasks')
      .select('id')
      .where('job_id', '=', drawn.id)
      .where('state', '=', 'leased')
      .execute();
    return rows.length;
  };
  // All that the worker takes ahead is given, too.
  await until(count, (n) => n === 12);
  const own = await submit(heavy, '1', { user: 'ann', priority: 10 });
  expect((await jobNow(heavy, own)).waitsFor).toEqual({
    reason: 'priority',
    message:
      'Waits for a slot: all 4 are busy with 4 tasks of yours (4 of “ann”), and 1 job of yours of higher priority before this one.',
  });
  const others = await submit(heavy, '1', { user: 'bob', priority: 10 });
  expect((await jobNow(heavy, own)).waitsFor).toEqual({
    reason: 'share',
    message:
      'Over the share of “ann”: 4 of 2 slots in use; 1 other user waits, too, and 1 job of yours of higher priority before this one.',
  });
  expect((await jobNow(heavy, others)).waitsFor?.message).toBe(
    'Waits for a slot: all 4 are busy with 4 tasks of yours (none of “bob”).',
  );
  const beside = await submit(light, '1-2');
  expect((await jobNow(heavy, others)).waitsFor).toEqual({
    reason: 'share',
    message: 'Over your share: 4 of 3 slots in use; 1 other tenant waits, too.',
  });
  expect((await jobNow(light, beside)).waitsFor).toEqual({
    reason: 'slots',
    message: 'Waits for a slot: all 4 are busy with 4 tasks of others.',
  });
  const heldOf = async () =>
    (await db.selectFrom('tenants').select('held_slot_sec').where('id', '=', heavy.id).executeTakeFirstOrThrow())
      .held_slot_sec;
  expect(await until(heldOf, (sec) => sec > 0)).toBe(12 * DISPATCH_LIMITS.heldSlotSec);
  letGo();
  for (const [tenant, job] of [
    [heavy, drawn],
    [heavy, own],
    [heavy, others],
    [light, beside],
  ] as const) {
    expect(await jobEnded(farm.url, tenant.key, job.id)).toMatchObject({ state: 'succeeded' });
  }
  expect(await until(heldOf, (sec) => sec === 0)).toBe(0);
});

test('what a tenant has had is written down, and counts for who leads next', async () => {
  const tenant = await tenantOf('busy');
  await addWorker({ identity: { slots: 1 }, frameMs: 300 });
  await jobEnded(farm.url, tenant.key, (await submit(tenant, '1-4')).id);
  await nextTick();
  const row = await farm.services.store.db
    .selectFrom('tenants')
    .select('used_slot_sec')
    .where('id', '=', tenant.id)
    .executeTakeFirstOrThrow();
  // Two frames at a time: one is drawn while the other is delivered.
  expect(row.used_slot_sec).toBeGreaterThan(0.3);
  expect(row.used_slot_sec).toBeLessThan(30);
});
