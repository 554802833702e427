import type { Delivery, Frame, Job, Session, Task, Worker } from '@kiln/shared';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FakeWorker, type FakeWorkerOptions } from '../fake-worker.ts';
import {
  addScene,
  addTenant,
  ask,
  call,
  jobEnded,
  jobOf,
  LEASE_MS,
  startFarm,
  type TestFarm,
  type TestTenant,
  until,
} from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';

let redis: TestRedis;
let farm: TestFarm;
let tenant: TestTenant;
let other: TestTenant;
let sceneId: string;
let workers: FakeWorker[] = [];

beforeAll(async () => {
  redis = await startRedis();
  farm = await startFarm({ redisUrl: redis.url });
  tenant = await addTenant(farm, 'one');
  other = await addTenant(farm, 'other');
});
beforeEach(async () => {
  sceneId = await addScene(farm, tenant.id);
});
afterEach(async () => {
  for (const worker of workers) {
    if (!worker.dead) await worker.goodbye().catch(() => {});
    await worker.stop();
  }
  workers = [];
  for (const { key } of [tenant, other]) {
    const { items } = await ask<{ items: Job[] }>(farm.url, key, 'GET', '/jobs?limit=1000');
    for (const { id, state } of items) {
      if (state === 'queued' || state === 'running') await ask(farm.url, key, 'POST', `/jobs/${id}/cancel`);
    }
  }
});
afterAll(async () => {
  await farm?.stop();
  await redis?.stop();
});

async function addWorker(options: FakeWorkerOptions = {}): Promise<FakeWorker> {
  const worker = await new FakeWorker(farm.url, options).start();
  workers.push(worker);
  return worker;
}

const submit = (frames: string, more: Parameters<typeof jobOf>[2] = {}) =>
  ask<Job>(farm.url, tenant.key, 'POST', '/jobs', jobOf(sceneId, frames, more));
const ended = (job: Job) => jobEnded(farm.url, tenant.key, job.id);
const get = <T>(path: string) => ask<T>(farm.url, tenant.key, 'GET', path);
const tasksOf = async (job: Job) => (await get<{ items: Task[] }>(`/jobs/${job.id}/tasks?limit=1000`)).items;
const waitFor = <T>(read: () => T, good: (value: T) => boolean) => until(async () => read(), good);

describe('a job', () => {
  test('renders every frame once, counts exactly, and lists tasks, attempts and frames', async () => {
    await addWorker();
    const job = await submit('1-40');
    expect(job).toMatchObject({ state: 'queued', frameCount: 40, framesDone: 0, startedAt: null });
    const end = await ended(job);
    expect(end).toMatchObject({ state: 'succeeded', framesDone: 40, framesFailed: 0, error: null });
    expect(end.startedAt).not.toBeNull();
    expect(end.endedAt).not.toBeNull();

    const { items } = await get<{ items: Frame[] }>(`/jobs/${job.id}/frames?limit=1000`);
    const numbers = items.map((frame) => frame.frameNumber);
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(items[0]).toMatchObject({ layer: 'main', mediaType: 'image/png' });
    const first = items.find((frame) => frame.frameNumber === 1);
    const { draw, deliver } = first?.stages ?? {};
    expect(deliver?.startedAtMs).toBeGreaterThan((draw?.startedAtMs ?? 0) + (draw?.durationMs ?? 0));
    expect(deliver?.durationMs).toBeGreaterThan(0);
    expect(first).toMatchObject({ fileName: '0001.png', url: `/api/v1/jobs/${job.id}/frames/main/0001.png` });
    for (const task of await tasksOf(job)) {
      expect(task.state).toBe('succeeded');
      expect(task.attempts).toHaveLength(1);
      expect(task.attempts[0]).toMatchObject({ state: 'succeeded', number: 1, workerName: 'fake' });
      expect(task.attempts[0]?.resultHash).toBe(task.attempts[0]?.frames[0]?.sha256);
      expect(task.attempts[0]?.leaseEpoch).toBeGreaterThan(0);
    }
  });

  test('is listed in pages, newest first; so are its frames and tasks', async () => {
    await addWorker();
    const jobs = [await submit('1-5'), await submit('1-5'), await submit('1-5')];
    const first = await get<{ items: Job[]; next: string }>('/jobs?limit=2');
    const second = await get<{ items: Job[] }>(`/jobs?limit=1&cursor=${first.next}`);
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(jobs.map(({ id }) => id).reverse());
    const [job] = jobs;
    if (!job) throw new Error('no job');
    await ended(job);
    const page = await get<{ items: Frame[]; next: string }>(`/jobs/${job.id}/frames?limit=3`);
    const rest = await get<{ items: Frame[]; next: null }>(`/jobs/${job.id}/frames?limit=3&cursor=${page.next}`);
    expect(new Set([...page.items, ...rest.items].map((frame) => frame.frameNumber))).toEqual(new Set([1, 2, 3, 4, 5]));
    expect(rest.next).toBeNull();
    const tasks = await get<{ items: Task[]; next: string }>(`/jobs/${job.id}/tasks?limit=4`);
    const last = await get<{ items: Task[] }>(`/jobs/${job.id}/tasks?limit=4&cursor=${tasks.next}`);
    expect([...tasks.items, ...last.items].map((task) => task.index)).toEqual([0, 1, 2, 3, 4]);
  });

  test('submitted again with its idempotency key is the same job, also when both come at once', async () => {
    const [one, two] = await Promise.all([
      submit('1-2', { idempotencyKey: 'shot-7' }),
      submit('1-2', { idempotencyKey: 'shot-7' }),
    ]);
    const three = await submit('1-2', { idempotencyKey: 'shot-7' });
    expect(new Set([one.id, two.id, three.id]).size).toBe(1);
    const another = await ask<Job>(farm.url, other.key, 'POST', '/jobs', {
      ...jobOf(await addScene(farm, other.id), '1'),
      idempotencyKey: 'shot-7',
    });
    expect(another.id).not.toBe(one.id);
  });

  test('of a million frames is a few rows until it runs', async () => {
    const job = await submit('1-1000000');
    expect(job.frameCount).toBe(1_000_000);
    expect(await tasksOf(job)).toEqual([]);
    await addWorker({ identity: { slots: 1 } });
    await until(
      () => get<Job>(`/jobs/${job.id}`),
      ({ framesDone }) => framesDone >= 10,
    );
    expect((await tasksOf(job)).length).toBeLessThan(1_000);
    await ask(farm.url, tenant.key, 'POST', `/jobs/${job.id}/cancel`);
  });

  test.each([
    [{ frames: '1-10,x' }, 'job.bad_frame_range', '/layers/0/frames', 5],
    [{ frames: '' }, 'request.invalid', '/layers/0/frames', undefined],
    [{ size: { widthPx: 0, heightPx: 64 } }, 'request.invalid', '/layers/0/size/widthPx', undefined],
    [{ size: { widthPx: 64, heightPx: 100_000 } }, 'request.invalid', '/layers/0/size/heightPx', undefined],
    [{ size: { widthPx: 16_385, heightPx: 16_384 } }, 'job.too_large', '/layers/0/size', undefined],
    [{ format: 'jpeg', background: 'transparent' }, 'job.unsupported', '/layers/0/background', undefined],
    [{ format: 'jpeg', bitDepth: 16 }, 'job.unsupported', '/layers/0/bitDepth', undefined],
    [{ camera: 'nowhere' }, 'job.unknown_camera', '/layers/0/camera', undefined],
    [{ samples: 0 }, 'request.invalid', '/layers/0/samples', undefined],
    [{ colour: 'red' }, 'request.invalid', '/layers/0/colour', undefined],
  ])('with a layer of %j is refused with the place', async (fault, code, field, position) => {
    const layer = { frames: '1', size: { widthPx: 64, heightPx: 64 }, ...fault };
    const answer = await call(farm.url, tenant.key, 'POST', '/jobs', { sceneId, layers: [layer] });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.body).toMatchObject({ error: { code, field } });
    if (position !== undefined) expect(answer.body).toMatchObject({ error: { position } });
  });

  test('with several layers and chunks ends when the last frame of the last layer is done', async () => {
    await addWorker();
    const size = { widthPx: 32, heightPx: 32 };
    const job = await ask<Job>(farm.url, tenant.key, 'POST', '/jobs', {
      sceneId,
      layers: [
        { frames: '1-7', chunk: 3, size },
        { name: 'wide', frames: '10-1x3', size },
      ],
    });
    expect(await ended(job)).toMatchObject({ state: 'succeeded', frameCount: 11, framesDone: 11 });
    const tasks = await tasksOf(job);
    expect(tasks.map((task) => task.frames.length).sort()).toEqual([1, 1, 1, 1, 1, 3, 3]);
  });
});

describe('a frame that fails', () => {
  test('is tried again, and the job says nothing of it in the end', async () => {
    let failures = 0;
    await addWorker({
      onFrame: (_assignment, frame) => {
        if (frame === 2 && failures++ < 2) throw new Error('a page crashed');
      },
    });
    const job = await submit('1-3');
    expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 3, error: null });
    const second = (await tasksOf(job)).find((task) => task.frames[0] === 2);
    expect(second?.attempts.map(({ state, number }) => [state, number])).toEqual([
      ['failed', 1],
      ['failed', 2],
      ['succeeded', 3],
    ]);
    expect(second?.attempts[0]).toMatchObject({ reason: 'render.failed', message: 'a page crashed', log: ['a line'] });
  });

  test('as often as it may fails the job, which keeps the other frames', async () => {
    await addWorker({
      onFrame: (_assignment, frame) => {
        if (frame === 2) throw new Error('never');
      },
    });
    const job = await submit('1-4', { maxAttempts: 2 });
    const end = await ended(job);
    expect(end).toMatchObject({ state: 'failed', framesDone: 3, framesFailed: 1 });
    expect(end.error).toEqual({ code: 'render.failed', message: 'never' });
    const second = (await tasksOf(job)).find((task) => task.frames[0] === 2);
    expect(second?.attempts).toHaveLength(2);
  });

  test('[WK8] without hope fails at once', async () => {
    const worker = await addWorker({ identity: { slots: 1 }, onFrame: () => new Promise(() => {}) });
    const job = await submit('1');
    await waitFor(
      () => worker.claimed.length,
      (n) => n >= 1,
    );
    const [delivery] = worker.held.values();
    if (!delivery) throw new Error('nothing is held');
    await worker.fail(delivery, 'scene.invalid', 'a broken accessor', false);
    expect(await ended(job)).toMatchObject({ state: 'failed', framesFailed: 1 });
    expect((await tasksOf(job))[0]?.attempts).toHaveLength(1);
    await expect(worker.fail(delivery, 'scene.invalid', 'again', false)).rejects.toMatchObject({
      code: 'attempt.stale',
    });
  });

  test('of a chunk is tried without those that were delivered', async () => {
    const worker = await addWorker({
      identity: { slots: 1 },
      onFrame: (_assignment, frame) => {
        if (frame === 3 && worker.delivered.filter((n) => n === 3).length === 0 && worker.claimed.length === 1) {
          throw new Error('a page crashed');
        }
      },
    });
    const job = await ask<Job>(farm.url, tenant.key, 'POST', '/jobs', {
      sceneId,
      layers: [{ frames: '1-5', chunk: 5, size: { widthPx: 32, heightPx: 32 } }],
    });
    expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 5 });
    const frames = worker.claimed.map(({ work }) => (work.kind === 'render' ? work.frames : []));
    expect(frames).toEqual([
      [1, 2, 3, 4, 5],
      [3, 4, 5],
    ]);
    const [task] = await tasksOf(job);
    expect(task?.attempts.map((attempt) => attempt.frames.map((frame) => frame.frameNumber))).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
  });
});

describe('cancelling', () => {
  test('stops what runs, withdraws what waits, and frees the slot for the next job', async () => {
    const worker = await addWorker({
      identity: { slots: 1 },
      onFrame: ({ work }) =>
        work.kind === 'render' && work.settings.size.widthPx === 64 ? new Promise<void>(() => {}) : undefined,
    });
    const job = await submit('1-100');
    await waitFor(
      () => worker.claimed.length,
      (n) => n >= 2,
    );
    const cancelled = await ask<Job>(farm.url, tenant.key, 'POST', `/jobs/${job.id}/cancel`);
    expect(cancelled).toMatchObject({ state: 'cancelled', framesDone: 0 });
    await waitFor(
      () => worker.signals,
      (signals) => signals.some((signal) => signal.type === 'stop' && signal.attempts.length === 3),
    );
    for (const task of await tasksOf(job)) {
      expect(task.state).toBe('cancelled');
      expect(task.attempts[0]?.state).toBe('cancelled');
    }
    const queue = worker.registration.redis.renderQueue;
    expect(await redis.client.llen(`kiln:${queue}:wait`)).toBe(0);
    const [mine] = (await get<{ items: Worker[] }>('/workers')).items.filter(({ name }) => name === 'fake');
    expect(mine?.attempts).toBe(0);
    // Cancelling again changes nothing; cancelling what has ended is a conflict.
    expect(await ask<Job>(farm.url, tenant.key, 'POST', `/jobs/${job.id}/cancel`)).toEqual(cancelled);
  });

  test('a finished job is a conflict', async () => {
    await addWorker();
    const job = await submit('1');
    await ended(job);
    expect((await call(farm.url, tenant.key, 'POST', `/jobs/${job.id}/cancel`)).status).toBe(409);
  });

  test('[WK2, WK3] a stop that was missed is in the next heartbeat’s answer', async () => {
    const worker = await addWorker({
      identity: { slots: 1 },
      heartbeatMs: 3_600_000,
      onFrame: () => new Promise(() => {}),
    });
    const job = await submit('1');
    await waitFor(
      () => worker.claimed.length,
      (n) => n >= 1,
    );
    const [delivery] = worker.held.values();
    if (!delivery) throw new Error('nothing is held');
    expect((await worker.heartbeat())?.renewed).toEqual([{ attemptId: delivery.attemptId, leaseMs: LEASE_MS }]);
    await ask(farm.url, tenant.key, 'POST', `/jobs/${job.id}/cancel`);
    worker.held.set(delivery.attemptId, delivery);
    expect(await worker.heartbeat()).toMatchObject({ renewed: [], stop: [delivery.attemptId] });
  });
});

describe('workers', () => {
  test('[WK4] a claim may be repeated', async () => {
    const worker = await addWorker({ identity: { slots: 1 }, onFrame: () => new Promise(() => {}) });
    await submit('5');
    await waitFor(
      () => worker.claimed.length,
      (n) => n >= 1,
    );
    const [delivery] = worker.held.values();
    if (!delivery) throw new Error('nothing is held');
    expect(await worker.claim(delivery)).toEqual(worker.claimed[0]);
  });

  test('a wrong lease token, another worker’s attempt and a wrong secret get nothing', async () => {
    const worker = await addWorker({ identity: { slots: 1 }, onFrame: () => new Promise(() => {}) });
    await submit('5');
    await waitFor(
      () => worker.claimed.length,
      (n) => n >= 1,
    );
    const [delivery] = worker.held.values();
    if (!delivery) throw new Error('nothing is held');
    const wrong: Delivery = { ...delivery, leaseToken: 'x'.repeat(delivery.leaseToken.length) };
    await expect(worker.claim(wrong)).rejects.toMatchObject({ status: 404 });
    const thief = await addWorker({ identity: { name: 'thief', pid: 2 } });
    await expect(thief.claim(delivery)).rejects.toMatchObject({ status: 404 });
    await expect(worker.post('/worker/heartbeat', 'not-a-secret', {})).rejects.toMatchObject({ status: 401 });
    const path = `/worker/attempts/${delivery.attemptId}/claim`;
    await expect(worker.post(path, 'not-a-secret', undefined, delivery.leaseToken)).rejects.toMatchObject({
      status: 401,
      code: 'identity.missing',
    });
    await expect(worker.post('/worker/register', 'not-the-token', { identity: worker.identity })).rejects.toMatchObject(
      {
        status: 401,
        code: 'identity.missing',
      },
    );
  });

  test('[WK11] get the files of a scene that they hold a lease of, and no others', async () => {
    const worker = await addWorker({ identity: { slots: 1 }, onFrame: () => new Promise(() => {}) });
    await submit('5');
    await waitFor(
      () => worker.claimed.length,
      (n) => n >= 1,
    );
    const [delivery] = worker.held.values();
    const file = worker.claimed[0]?.scene.files[0];
    if (!delivery || !file) throw new Error('nothing is held');
    const fetchFile = (sha256: string, lease: string) =>
      fetch(`${farm.url}/api/v1/worker/files/${sha256}`, {
        headers: { authorization: `Bearer ${worker.registration.workerSecret}`, 'x-kiln-lease': lease },
      });
    const answer = await fetchFile(file.sha256, delivery.leaseToken);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe(`scene ${sceneId}`);
    const elsewhere = await addScene(farm, other.id);
    const foreign = await farm.services.store.db
      .selectFrom('scene_files')
      .select('sha256')
      .where('scene_id', '=', elsewhere)
      .executeTakeFirstOrThrow();
    expect((await fetchFile(foreign.sha256, delivery.leaseToken)).status).toBe(404);
    expect((await fetchFile(file.sha256, 'no lease')).status).toBe(404);
  });

  test('[WK13] what waits in the queue of one that drains goes to another', async () => {
    const gate = gateway();
    const draining = await addWorker({ identity: { name: 'draining', slots: 1 }, onFrame: gate.wait });
    const job = await submit('1-3');
    await waitFor(
      () => draining.claimed.length,
      (n) => n >= 2,
    );
    await until(
      () => tasksOf(job),
      (tasks) => tasks.filter((task) => task.attempts.length === 1).length === 3,
    );
    draining.draining = true;
    await draining.heartbeat();
    await addWorker({ identity: { name: 'fresh', pid: 2 } });
    await until(
      () => tasksOf(job),
      (tasks) => tasks.some((task) => task.attempts.some(({ workerName }) => workerName === 'fresh')),
    );
    gate.open();
    expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 3 });
    const moved = (await tasksOf(job)).find((task) => task.attempts.length === 2);
    expect(moved?.attempts.map(({ state, workerName, reason }) => [state, workerName, reason])).toEqual([
      ['withdrawn', 'draining', 'worker.left'],
      ['succeeded', 'fresh', null],
    ]);
  });

  test('[WK13] a goodbye frees everything at once', async () => {
    const leaving = await addWorker({ identity: { name: 'leaving', slots: 1 }, onFrame: () => new Promise(() => {}) });
    const job = await submit('1-3', { maxAttempts: 1 });
    await waitFor(
      () => leaving.claimed.length,
      (n) => n >= 2,
    );
    await leaving.stop();
    await leaving.goodbye();
    expect(await redis.client.keys(`kiln:w-${leaving.registration.workerId}-*`)).toEqual([]);
    await addWorker({ identity: { name: 'staying', pid: 2 } });
    expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 3 });
    const freed = (await tasksOf(job)).flatMap(({ attempts }) => attempts.filter(({ state }) => state !== 'succeeded'));
    expect(freed.map(({ state, reason }) => `${state} ${reason}`).sort()).toEqual([
      'cancelled worker.left',
      'cancelled worker.left',
      'withdrawn worker.left',
    ]);
  });

  test('[WK1] one that registers again with `resume` keeps its id and what it holds', async () => {
    const gate = gateway();
    const worker = await addWorker({ identity: { slots: 1 }, onFrame: gate.wait });
    const job = await submit('1');
    await waitFor(
      () => worker.claimed.length,
      (n) => n >= 1,
    );
    const before = worker.registration;
    await worker.register();
    expect(worker.registration.workerId).toBe(before.workerId);
    expect(worker.registration.workerSecret).not.toBe(before.workerSecret);
    gate.open();
    expect(await ended(job)).toMatchObject({ state: 'succeeded' });
    expect((await tasksOf(job))[0]?.attempts).toHaveLength(1);
  });

  test('a protocol that this server does not speak is refused', async () => {
    const worker = new FakeWorker(farm.url, { identity: { protocols: [99] } });
    await expect(worker.start()).rejects.toMatchObject({ status: 426, code: 'protocol.version' });
  });
});

describe('imports', () => {
  test('make a scene ready, with its report', async () => {
    await addWorker();
    const id = await addScene(farm, tenant.id, 'importing');
    const row = await until(
      () => farm.services.store.db.selectFrom('scenes').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
      ({ state }) => state !== 'importing',
    );
    expect(row).toMatchObject({ state: 'ready', thumbnail_media_type: 'image/webp' });
    expect(row.report?.triangles).toBe(12);
  });

  test('that crash as often as they may refuse the scene', async () => {
    const worker = await addWorker();
    worker.work = async (delivery) => {
      await worker.claim(delivery);
      await worker.fail(delivery, 'render.page_lost', 'the page crashed', true);
    };
    const id = await addScene(farm, tenant.id, 'importing');
    const row = await until(
      () => farm.services.store.db.selectFrom('scenes').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
      ({ state }) => state !== 'importing',
    );
    expect(row.state).toBe('refused');
    expect(row.refusal).toEqual({ code: 'scene.import_failed', message: 'the page crashed', pointer: null });
    const attempts = await farm.services.store.db
      .selectFrom('attempts as a')
      .innerJoin('tasks as t', 't.id', 'a.task_id')
      .select('a.state')
      .where('t.scene_id', '=', id)
      .execute();
    expect(attempts.map(({ state }) => state)).toEqual(['failed', 'failed', 'failed']);
  });
});

describe('tenants', () => {
  test('share the farm: a small job does not wait for a large one of another tenant', async () => {
    await addWorker({ identity: { slots: 1 }, frameMs: 10 });
    const large = await submit('1-400');
    await until(
      () => get<Job>(`/jobs/${large.id}`),
      ({ framesDone }) => framesDone >= 5,
    );
    const small = await ask<Job>(farm.url, other.key, 'POST', '/jobs', jobOf(await addScene(farm, other.id), '1-20'));
    const before = await get<Job>(`/jobs/${large.id}`);
    await jobEnded(farm.url, other.key, small.id);
    const after = await get<Job>(`/jobs/${large.id}`);
    // In that time the large one got about as many: its queue ahead, then every other frame.
    expect(after.framesDone - before.framesDone).toBeLessThan(150);
    expect(after.state).toBe('running');
    await ask(farm.url, tenant.key, 'POST', `/jobs/${large.id}/cancel`);
  });

  test('see nothing of one another', async () => {
    const worker = await addWorker();
    worker.status = {
      ...worker.status,
      cacheBytes: 7,
      browsers: [{ tenantId: tenant.id, pid: 4_711, pages: 1 }],
      scenes: [{ tenantId: tenant.id, sceneHash: 'a'.repeat(64), loads: 1, sessions: 0 }],
    };
    await worker.heartbeat();
    const job = await submit('1-2');
    await ended(job);
    for (const [method, path] of [
      ['GET', `/jobs/${job.id}`],
      ['GET', `/jobs/${job.id}/tasks`],
      ['GET', `/jobs/${job.id}/frames`],
      ['POST', `/jobs/${job.id}/cancel`],
    ] as const) {
      const answer = await call(farm.url, other.key, method, path);
      expect(answer.status, path).toBe(404);
    }
    const foreignScene = await call(farm.url, other.key, 'POST', '/jobs', jobOf(sceneId, '1'));
    expect(foreignScene.status).toBe(404);
    expect((await ask<{ items: Job[] }>(farm.url, other.key, 'GET', '/jobs')).items.map(({ id }) => id)).not.toContain(
      job.id,
    );
    expect((await ask<{ items: Session[] }>(farm.url, other.key, 'GET', '/sessions')).items).toEqual([]);

    const seen = async (key: string) => {
      const { items } = await ask<{ items: Worker[] }>(farm.url, key, 'GET', '/workers');
      return items.find(({ id }) => id === worker.registration.workerId);
    };
    const nobodysBytes = { cacheBytes: 0, nodeRssBytes: 0, browserRssBytes: 0 };
    const noProcess = { pid: null, browserPid: null, browsers: [] };
    expect(await seen(tenant.key)).toMatchObject({ ...noProcess, ...nobodysBytes });
    expect(await seen(other.key)).toMatchObject({ ...noProcess, scenes: [], ...nobodysBytes });
    const operator = await addTenant(farm, 'operator', 'operator');
    expect(await seen(operator.key)).toMatchObject({
      pid: expect.any(Number),
      browserPid: 4_711,
      browsers: [{ pid: 4_711 }],
      cacheBytes: 7,
    });
  });

  test('count only their own attempts on a worker', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const worker = await addWorker({ onFrame: () => held });
    const job = await submit('1');
    await until(
      async () => worker.claimed.length,
      (claimed) => claimed > 0,
    );
    const operator = await addTenant(farm, 'another operator', 'operator');
    const attemptsFor = async (key: string) => {
      const { items } = await ask<{ items: Worker[] }>(farm.url, key, 'GET', '/workers');
      return items.find(({ id }) => id === worker.registration.workerId)?.attempts;
    };
    expect([await attemptsFor(tenant.key), await attemptsFor(other.key), await attemptsFor(operator.key)]).toEqual([
      1, 0, 1,
    ]);
    release();
    await ended(job);
  });

  test('a farm says what it can do', async () => {
    await addWorker({ identity: { slots: 3 } });
    const able = await get<{ engines: unknown[]; formats: string[]; slots: number }>('/capabilities');
    expect(able).toEqual({
      engines: [{ engine: 'raster', backend: 'webgl', workers: 1 }],
      formats: ['png', 'jpeg', 'webp', 'avif', 'tiff', 'exr'],
      slots: 3,
    });
    const refused = await call(farm.url, tenant.key, 'POST', '/jobs', {
      sceneId,
      layers: [{ frames: '1', size: { widthPx: 32, heightPx: 32 }, engine: 'pathtrace' }],
    });
    expect(refused).toMatchObject({
      status: 422,
      body: { error: { code: 'job.unsupported', field: '/layers/0/engine' } },
    });
  });
});

function gateway(): { wait: () => Promise<void>; open: () => void } {
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { wait: () => gate, open: () => open() };
}
