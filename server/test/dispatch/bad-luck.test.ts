import { createHash } from 'node:crypto';
import type { Delivery, Frame, Job, Task } from '@kiln/shared';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type FakeWorkerOptions, HttpFailure } from '../fake-worker.ts';
import {
  addScene,
  addTenant,
  ask,
  jobEnded,
  jobOf,
  startFarm,
  type TestFarm,
  type TestTenant,
  until,
} from '../farm-fixture.ts';
import { putBytes } from '../object-bytes.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { useWorkers } from '../workers-fixture.ts';

/** Short, so that what is lost is found soon; long enough for a machine that is busy with other tests. */
const LEASE_MS = 4_000;

let redis: TestRedis;
let farm: TestFarm;
let tenant: TestTenant;
let sceneId: string;
const addWorker = useWorkers(() => farm.url);

beforeAll(async () => {
  redis = await startRedis();
  farm = await startFarm({ redisUrl: redis.url, timing: { leaseMs: LEASE_MS } });
  tenant = await addTenant(farm, 'one');
});
beforeEach(async () => {
  sceneId = await addScene(farm, tenant.id);
});
afterAll(async () => {
  await farm?.stop();
  await redis?.stop();
});

const submit = (frames: string, more: Parameters<typeof jobOf>[2] = {}) =>
  ask<Job>(farm.url, tenant.key, 'POST', '/jobs', jobOf(sceneId, frames, more));
const ended = (job: Job) => jobEnded(farm.url, tenant.key, job.id);
const framesOf = async (job: Job) =>
  (await ask<{ items: Frame[] }>(farm.url, tenant.key, 'GET', `/jobs/${job.id}/frames?limit=1000`)).items;
const tasksOf = async (job: Job) =>
  (await ask<{ items: Task[] }>(farm.url, tenant.key, 'GET', `/jobs/${job.id}/tasks?limit=1000`)).items;
const done = (job: Job, n: number) =>
  until(
    () => ask<Job>(farm.url, tenant.key, 'GET', `/jobs/${job.id}`),
    ({ framesDone }) => framesDone >= n,
  );

async function expectWhole(job: Job, n: number): Promise<void> {
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: n, framesFailed: 0 });
  const numbers = (await framesOf(job)).map((frame) => frame.frameNumber);
  expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i + 1));
}

test('[WK8] what another task took with it is no try: a job without retries succeeds', async () => {
  const worker = await addWorker({ identity: { slots: 1 } });
  const { work } = worker;
  let losses = 0;
  worker.work = async (delivery) => {
    if (losses++ >= 3) return work.call(worker, delivery);
    await worker.claim(delivery);
    await worker.fail(delivery, 'render.page_lost', 'the page was replaced', true, { counts: false });
  };
  const job = await submit('1', { maxAttempts: 1 });
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesFailed: 0 });
  const attempts = (await tasksOf(job)).flatMap((task) => task.attempts);
  expect(attempts.map(({ state }) => state)).toEqual(['lost', 'lost', 'lost', 'succeeded']);
  expect(attempts[0]).toMatchObject({ reason: 'render.page_lost', log: ['a line'] });
});

describe('a worker that vanishes', () => {
  test('in the middle of a frame: the next attempt does it, once', async () => {
    const first = await addWorker({ identity: { name: 'first', slots: 1 }, frameMs: 20, onFrame: hangAt(3) });
    const job = await submit('1-8');
    await until(
      async () => first.claimed,
      (claimed) => claimed.some(({ work }) => work.kind === 'render' && work.frames.includes(3)),
    );
    await first.vanish();
    await addWorker({ identity: { name: 'second' } });
    await expectWhole(job, 8);

    const third = (await tasksOf(job)).find((task) => task.frames.includes(3));
    expect(third?.attempts.map(({ state, workerName }) => [state, workerName])).toEqual([
      ['lost', 'first'],
      ['succeeded', 'second'],
    ]);
    expect(third?.attempts[0]).toMatchObject({ reason: 'worker.lost', leaseExpiresAt: null });
    const counted = await farm.services.store.db
      .selectFrom('tasks')
      .select('tries')
      .where('id', '=', third?.id ?? '')
      .execute();
    expect(counted).toEqual([{ tries: 2 }]);
  });

  test('with deliveries that it never began: they are no tries', async () => {
    const first = await addWorker({ identity: { name: 'first', slots: 1 }, onFrame: () => new Promise(() => {}) });
    const job = await submit('1-3', { maxAttempts: 1 });
    // Two are begun, the third waits in the queue.
    await until(
      async () => first.claimed.length,
      (n) => n >= 2,
    );
    await first.vanish();
    await addWorker({ identity: { name: 'second' } });
    const end = await ended(job);
    expect(end).toMatchObject({ state: 'failed', framesDone: 1, framesFailed: 2 });
    expect(end.error?.code).toBe('worker.lost');
    const waited = (await tasksOf(job)).find((task) => task.state === 'succeeded');
    expect(waited?.attempts.map(({ state, reason }) => [state, reason])).toEqual([
      ['withdrawn', 'worker.lost'],
      ['succeeded', null],
    ]);
  });
});

describe('Redis', () => {
  test('is flushed in the middle of a job: it ends right', async () => {
    await addWorker({ identity: { slots: 1 }, frameMs: 30 });
    const job = await submit('1-30');
    await done(job, 5);
    await redis.client.flushall();
    await expectWhole(job, 30);
  });

  test('[WK10] is flushed while deliveries wait that nobody took: they are sent again', async () => {
    const gate = hangUntil();
    await addWorker({ identity: { slots: 1 }, onFrame: gate.wait });
    const job = await submit('1-3');
    await until(
      () => tasksOf(job),
      (tasks) => tasks.length === 3 && tasks.filter((task) => task.attempts[0]?.state === 'running').length === 2,
    );
    await redis.client.flushall();
    gate.open();
    await expectWhole(job, 3);
    // It was sent again, not given to another attempt.
    for (const task of await tasksOf(job)) expect(task.attempts).toHaveLength(1);
  });

  test('is killed and starts again: the worker keeps its access and the job ends right', async () => {
    const worker = await addWorker({ identity: { slots: 1 }, frameMs: 30 });
    const before = worker.registration.redis.username;
    const job = await submit('1-30');
    await done(job, 3);
    await redis.restart();
    await expectWhole(job, 30);
    expect(worker.registration.redis.username).toBe(before);
  });

  test('is away when a job is submitted: the job waits and is done when it is back', async () => {
    await addWorker({ identity: { slots: 1 } });
    await redis.kill();
    const job = await submit('1-4');
    expect(job.state).toBe('queued');
    expect((await farm.farm.health()).queue).toBe('down');
    await redis.launch();
    await expectWhole(job, 4);
    expect((await farm.farm.health()).queue).toBe('ok');
  });
});

describe('a late result', () => {
  test('[WK7] is accepted with the recorded hash and refused with another', async () => {
    const late = hangUntil();
    const taken: Delivery[] = [];
    const first = await addWorker({
      identity: { name: 'first', slots: 1 },
      onFrame: async ({ attemptId, taskId }) => {
        // The next attempt may come to this worker too, and is not slow.
        if (taken.length > 0) return;
        taken.push(
          ...[...first.held.values()].filter((held) => held.attemptId === attemptId && held.taskId === taskId),
        );
        await late.wait();
        throw new Error('not reached: the lease was lost');
      },
    });
    const job = await submit('1');
    await until(
      async () => taken.length,
      (n) => n >= 1,
    );
    const [delivery] = taken;
    if (!delivery) throw new Error('nothing was taken');
    // It is only slow: it does not say any more that it holds the attempt.
    first.held.clear();
    await addWorker({ identity: { name: 'second', pid: 2 } });
    await expectWhole(job, 1);

    await expect(first.deliver(delivery, 1, 'frame 1')).resolves.toEqual({ taskDone: true });
    const refused = await first.deliver(delivery, 1, 'another picture').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(HttpFailure);
    expect(refused).toMatchObject({ status: 409, code: 'attempt.stale' });
    const [frame] = await framesOf(job);
    expect(frame?.sha256).toBe(createHash('sha256').update('frame 1').digest('hex'));
    expect((await ended(job)).framesDone).toBe(1);
    await expect(first.claim(delivery)).rejects.toMatchObject({ status: 409, code: 'attempt.stale' });
  });

  test('[WK7] the same frame again from the same attempt is accepted', async () => {
    const worker = await addWorker({ identity: { slots: 1 }, onFrame: hangAt(1) });
    const job = await submit('1');
    await until(
      async () => worker.held.size,
      (n) => n >= 1,
    );
    const [delivery] = worker.held.values();
    if (!delivery) throw new Error('nothing is held');
    await until(
      async () => worker.claimed.length,
      (n) => n >= 1,
    );
    const answers = await Promise.all([1, 2, 3].map(() => worker.deliver(delivery, 1, 'frame 1')));
    expect(answers).toEqual([{ taskDone: true }, { taskDone: true }, { taskDone: true }]);
    await expectWhole(job, 1);
  });
});

describe('a server that stops hard', () => {
  test('between storing a frame and recording it: the job goes on elsewhere, the frame is recorded once', async () => {
    const { store, config } = farm.services;
    const gate = hangUntil();
    const worker = await addWorker({
      identity: { slots: 1 },
      frameMs: 30,
      onFrame: (_assignment, frame) => (frame > 5 ? gate.wait() : undefined),
    });
    const job = await submit('1-20');
    await done(job, 4);
    // What a crash leaves between the two: bytes in the object store that no row names.
    const bytes = Buffer.from('frame 20');
    const orphan = await putBytes(farm.services.objects, bytes);
    await farm.farm.close();
    const successor = await startFarm({ redisUrl: redis.url, store, home: config.home, timing: { leaseMs: LEASE_MS } });
    worker.url = successor.url;
    gate.open();
    try {
      const end = await jobEnded(successor.url, tenant.key, job.id);
      expect(end).toMatchObject({ state: 'succeeded', framesDone: 20 });
      const rows = await store.db.selectFrom('frames').select('sha256').where('job_id', '=', job.id).execute();
      expect(rows).toHaveLength(20);
      expect(rows.map((row) => row.sha256)).toContain(orphan.sha256);
      const epochs = await store.db
        .selectFrom('attempts')
        .innerJoin('tasks', 'tasks.id', 'attempts.task_id')
        .select('lease_epoch')
        .distinct()
        .where('tasks.job_id', '=', job.id)
        .orderBy('lease_epoch')
        .execute();
      expect(epochs).toHaveLength(2);
    } finally {
      await worker.stop();
      await successor.stop();
    }
  });
});

function hangAt(frame: number): NonNullable<FakeWorkerOptions['onFrame']> {
  return (_assignment, frameNumber) => (frameNumber === frame ? new Promise<void>(() => {}) : undefined);
}

function hangUntil(): { wait: () => Promise<void>; open: () => void } {
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { wait: () => gate, open: () => open() };
}
