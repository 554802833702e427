/** What owners do with jobs under way: pausing, going on, other priorities, another try for what failed. */
import type { Film, Frame, Job } from '@kiln/shared';
import { describe, expect, test } from 'vitest';
import { addTenant, ask, call, until } from '../farm-fixture.ts';
import { expectSound } from '../faults/sound.ts';
import { gate, useTenant } from '../tenant-fixture.ts';

const own = useTenant();
const { addWorker, get, jobNow, ended, tasksOf } = own;

const submit = (layer: object, more: object = {}) =>
  own.post<Job>('/jobs', {
    sceneId: own.sceneId,
    layers: [{ size: { widthPx: 64, heightPx: 64 }, ...layer }],
    ...more,
  });
const control = (job: Job, what: 'pause' | 'resume' | 'retry', body?: object) =>
  ask<Job>(
    own.farm.url,
    own.tenant.key,
    'POST',
    `/jobs/${job.id}/${what}`,
    body ?? (what === 'resume' ? undefined : {}),
  );
const refusal = (job: Job, what: 'pause' | 'resume' | 'retry', body: object = {}, key = own.tenant.key) =>
  call(own.farm.url, key, 'POST', `/jobs/${job.id}/${what}`, body);

describe('frames that are done are drawn anew where somebody asks for it', () => {
  const framesOf = async (job: Job) => (await get<{ items: Frame[] }>(`/jobs/${job.id}/frames`)).items;
  const numbers = (frames: readonly Frame[]) => frames.map(({ frameNumber }) => frameNumber).toSorted((a, b) => a - b);

  test('some of a task, with the films of their layer; what else is there stays', async () => {
    let { held, open } = gate();
    open();
    await addWorker({ identity: { slots: 1 }, onFrame: () => held });
    const job = await submit({ frames: '1-6', chunk: 3, films: [{ format: 'mp4' }] });
    expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 6, filmsDone: 1 });
    const before = await framesOf(job);
    ({ held, open } = gate());
    const reopened = await control(job, 'retry', { frames: '2,6', done: true });
    expect(reopened).toMatchObject({ state: 'queued', framesDone: 4, framesFailed: 0, filmsDone: 0, endedAt: null });
    expect(numbers(await framesOf(job))).toEqual([1, 3, 4, 5]);
    // What is to be drawn anew cannot be asked for again.
    expect(await refusal(job, 'retry', { frames: '2', done: true })).toMatchObject({
      status: 400,
      body: { error: { field: '/frames', message: expect.stringContaining('frame 2 is neither done nor failed') } },
    });
    open();
    expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 6, filmsDone: 1 });
    const after = await framesOf(job);
    const places = new Set(before.map(({ attemptId }) => attemptId));
    expect(numbers(after)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(numbers(after.filter(({ attemptId }) => places.has(attemptId)))).toEqual([1, 3, 4, 5]);
    const { items } = await get<{ items: Film[] }>(`/jobs/${job.id}/films`);
    expect(items).toMatchObject([{ state: 'succeeded', facts: { missing: [] } }]);
    await expectSound(own.farm);
  });

  test('divided ones, with all their parts, and what has failed beside them', async () => {
    let isBroken = true;
    const worker = await addWorker({
      identity: { slots: 1 },
      onPiece: ({ work }) => {
        if (work.kind === 'piece' && work.frameNumber === 2 && isBroken) throw new Error('bad luck');
      },
    });
    const job = await submit({ frames: '1-2', tiles: { columns: 2, rows: 1 } }, { maxAttempts: 1 });
    expect(await ended(job)).toMatchObject({ state: 'failed', framesDone: 1, framesFailed: 1 });
    const drawn = worker.claimed.length;
    isBroken = false;
    await control(job, 'retry', { frames: '1-2', done: true });
    expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 2, framesFailed: 0, error: null });
    // Two parts, and the frame of them, twice.
    expect(worker.claimed.length - drawn).toBe(6);
    await expectSound(own.farm);
  });

  test('but only where frames are named, which are of the job', async () => {
    await addWorker({ identity: { slots: 1 } });
    const job = await submit({ frames: '1-2' });
    await ended(job);
    for (const body of [{ done: true }, { frames: '1-3', done: true }]) {
      expect(await refusal(job, 'retry', body)).toMatchObject({ status: 400, body: { error: { field: '/frames' } } });
    }
    expect(await refusal(job, 'retry', { frames: '1' })).toMatchObject({ status: 400 });
    expect(await jobNow(job)).toMatchObject({ state: 'succeeded', framesDone: 2 });
  });
});

describe('a paused job', () => {
  test('ends what is being drawn, begins nothing more, and goes on when it is resumed', async () => {
    const { held, open } = gate();
    const worker = await addWorker({ identity: { slots: 1 }, onFrame: () => held });
    const job = await submit({ frames: '1-5' });
    // Deliveries beside the one that is being drawn wait in the worker's queue.
    await until(
      () => tasksOf(job),
      (tasks) => tasks.filter(({ state }) => state === 'leased').length > 1 && worker.claimed.length > 0,
    );
    expect(await control(job, 'pause')).toMatchObject({ state: 'paused' });
    expect(await control(job, 'pause')).toMatchObject({ state: 'paused' });
    const claimed = worker.claimed.length;
    open();
    await until(
      () => jobNow(job),
      ({ framesDone }) => framesDone === claimed,
    );
    // Room for others, with which nothing of it comes.
    const other = await submit({ frames: '9' });
    await ended(other);
    expect(await jobNow(job)).toMatchObject({ state: 'paused', framesDone: claimed, waitsFor: null });
    expect(await control(job, 'resume')).toMatchObject({ state: 'running' });
    expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 5 });
    const attempts = (await tasksOf(job)).flatMap((task) => task.attempts);
    expect(attempts.filter(({ state }) => state === 'succeeded')).toHaveLength(5);
    expect(attempts.every(({ state }) => state === 'succeeded' || state === 'withdrawn')).toBe(true);
  });

  test('stops what is being drawn when that is asked for, which counts as no try', async () => {
    const { held, open } = gate();
    const first = await addWorker({ identity: { slots: 1 }, onFrame: () => held });
    const job = await submit({ frames: '1-2' }, { maxAttempts: 1 });
    await until(
      async () => first.claimed.length,
      (claimed) => claimed > 0,
    );
    await control(job, 'pause', { stopRunning: true });
    const states = (await tasksOf(job)).map(({ state }) => state);
    expect(new Set(states)).toEqual(new Set(['waiting']));
    open();
    await control(job, 'resume');
    expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 2 });
    expect((await tasksOf(job))[0]?.attempts.map(({ state }) => state)).toEqual(['cancelled', 'succeeded']);
  });

  test('that has not begun waits for its turn again', async () => {
    const job = await submit({ frames: '1' });
    await control(job, 'pause');
    await addWorker();
    await ended(await submit({ frames: '1' }));
    expect(await jobNow(job)).toMatchObject({ state: 'paused', startedAt: null });
    expect(await control(job, 'resume')).toMatchObject({ state: 'queued' });
    expect(await ended(job)).toMatchObject({ state: 'succeeded' });
    expect(await refusal(job, 'pause')).toMatchObject({ status: 409, body: { error: { code: 'resource.conflict' } } });
  });

  test('is over when its last frames are done meanwhile', async () => {
    const { held, open } = gate();
    const worker = await addWorker({ onFrame: () => held });
    const job = await submit({ frames: '1' });
    await until(
      async () => worker.claimed.length,
      (claimed) => claimed > 0,
    );
    await control(job, 'pause');
    open();
    expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 1 });
  });

  test('can be cancelled', async () => {
    const job = await submit({ frames: '1' });
    await control(job, 'pause');
    expect(await own.post(`/jobs/${job.id}/cancel`)).toMatchObject({
      state: 'cancelled',
    });
  });
});

test('another priority decides what is given out next', async () => {
  const { held, open } = gate();
  const worker = await addWorker({ identity: { slots: 1 }, onFrame: (_, frame) => (frame === 1 ? held : undefined) });
  const first = await submit({ frames: '1-20' }, { priority: 50 });
  const second = await submit({ frames: '101-103' }, { priority: 50 });
  await until(
    async () => worker.claimed.length,
    (claimed) => claimed > 0,
  );
  const changed = await ask<Job>(own.farm.url, own.tenant.key, 'PATCH', `/jobs/${second.id}`, {
    priority: 90,
    maxAttempts: 7,
  });
  expect(changed).toMatchObject({ priority: 90 });
  open();
  await ended(second);
  expect((await jobNow(first)).framesDone).toBeLessThan(20);
  await ended(first);
  for (const body of [{}, { priority: 101 }, { name: 'other' }]) {
    expect(await call(own.farm.url, own.tenant.key, 'PATCH', `/jobs/${second.id}`, body)).toMatchObject({
      status: 400,
    });
  }
  const late = { priority: 10 };
  expect(await call(own.farm.url, own.tenant.key, 'PATCH', `/jobs/${second.id}`, late)).toMatchObject({ status: 409 });
});

describe('what has failed is tried again', () => {
  /** Fails frames of these numbers, until it is told to be well. */
  async function failing(...frames: number[]) {
    const broken = new Set(frames);
    await addWorker({
      onFrame: (_, frame) => {
        if (broken.has(frame)) throw new Error('bad luck');
      },
      onPiece: ({ work }) => {
        if (work.kind === 'piece' && broken.has(work.frameNumber)) throw new Error('bad luck');
      },
    });
    return { mend: () => broken.clear() };
  }

  test('some frames, then all; a film without them is made anew', async () => {
    const worker = await failing(2, 4);
    const job = await submit({ frames: '1-4', films: [{ format: 'mp4' }] }, { maxAttempts: 1 });
    expect(await ended(job)).toMatchObject({ state: 'failed', framesDone: 2, framesFailed: 2, filmsDone: 1 });
    expect(await refusal(job, 'retry', { frames: '3' })).toMatchObject({
      status: 400,
      body: { error: { field: '/frames', message: expect.stringContaining('frame 3') } },
    });
    expect(await refusal(job, 'retry', { layer: 'other' })).toMatchObject({
      status: 400,
      body: { error: { field: '/layer', message: expect.stringContaining('main') } },
    });
    worker.mend();
    await control(job, 'retry', { frames: '2' });
    expect(await ended(job)).toMatchObject({ state: 'failed', framesDone: 3, framesFailed: 1, filmsDone: 1 });
    await control(job, 'retry');
    expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 4, framesFailed: 0, error: null });
    const { items } = await get<{ items: Film[] }>(`/jobs/${job.id}/films`);
    expect(items).toMatchObject([{ state: 'succeeded', facts: { missing: [] } }]);
    expect(await refusal(job, 'retry')).toMatchObject({ status: 409 });
    const again = (await tasksOf(job)).find(({ frames }) => frames[0] === 4);
    expect(again?.attempts.map(({ number, state }) => [number, state])).toEqual([
      [1, 'failed'],
      [2, 'succeeded'],
    ]);
  });

  test('a job that was archived is among those that are listed again', async () => {
    const worker = await failing(2);
    const job = await submit({ frames: '1-2' }, { maxAttempts: 1 });
    await ended(job);
    const listed = async () => (await get<{ items: Job[] }>('/jobs')).items.map(({ id }) => id);
    await ask(own.farm.url, own.tenant.key, 'POST', `/jobs/${job.id}/archive`);
    expect(await listed()).not.toContain(job.id);
    worker.mend();
    expect(await control(job, 'retry')).toMatchObject({ archivedAt: null });
    expect(await listed()).toContain(job.id);
    expect(await ended(job)).toMatchObject({ state: 'succeeded', archivedAt: null });
  });

  test('a divided frame, with all its parts', async () => {
    const worker = await failing(1);
    const job = await submit({ frames: '1-2', tiles: { columns: 2, rows: 1 } }, { maxAttempts: 1 });
    expect(await ended(job)).toMatchObject({ state: 'failed', framesDone: 1, framesFailed: 1 });
    worker.mend();
    expect(await control(job, 'retry', { frames: '1' })).toMatchObject({ framesFailed: 0, error: null });
    expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 2 });
  });

  test('while the rest of the job is drawn', async () => {
    const { held, open } = gate();
    let isBroken = true;
    await addWorker({
      identity: { slots: 2 },
      onFrame: (_, frame) => {
        if (frame === 1 && isBroken) throw new Error('bad luck');
        return frame > 1 ? held : undefined;
      },
    });
    const job = await submit({ frames: '1-3' }, { maxAttempts: 1 });
    await until(
      () => jobNow(job),
      ({ framesFailed }) => framesFailed === 1,
    );
    isBroken = false;
    expect(await control(job, 'retry')).toMatchObject({ state: 'running', framesFailed: 0 });
    open();
    expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 3 });
  });

  test('but not of a job that was cancelled, whose scene was deleted, or of somebody else', async () => {
    await failing(1);
    const job = await submit({ frames: '1' }, { maxAttempts: 1 });
    await ended(job);
    const other = await addTenant(own.farm, 'two');
    expect(await refusal(job, 'retry', {}, other.key)).toMatchObject({ status: 404 });
    expect(await refusal(job, 'pause', {}, other.key)).toMatchObject({ status: 404 });
    const cancelled = await submit({ frames: '1' });
    await own.post(`/jobs/${cancelled.id}/cancel`);
    expect(await refusal(cancelled, 'retry')).toMatchObject({ status: 409 });
    const { db } = own.farm.services.store;
    await db.updateTable('scenes').set({ deleted_at: new Date() }).where('id', '=', own.sceneId).execute();
    expect(await refusal(job, 'retry')).toMatchObject({
      status: 404,
      body: { error: { message: expect.stringContaining('scene') } },
    });
  });
});
