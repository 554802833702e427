/** [WK18] What is more urgent does not wait for the end of what is long. */
import { text } from 'node:stream/consumers';
import type { Attempt, Frame, Job } from '@kiln/shared';
import { expect, test } from 'vitest';
import type { FakeWorker } from '../fake-worker.ts';
import { until } from '../farm-fixture.ts';
import { useTenant } from '../tenant-fixture.ts';

const own = useTenant();
const { addWorker, get, ended, tasksOf } = own;

const attemptsOf = async (job: Job): Promise<Attempt[]> => (await tasksOf(job)).flatMap(({ attempts }) => attempts);

function submit(frames: string, priority: number, layer: object = {}): Promise<Job> {
  const layers = [{ frames, size: { widthPx: 64, heightPx: 64 }, ...layer }];
  return own.post<Job>('/jobs', { sceneId: own.sceneId, priority, layers });
}
/** Frames of two parts of 64 samples, more of them than the worker takes. */
const submitLong = (priority: number) => submit('1-3', priority, { samples: 128, splitSamples: 2 });

/** A worker of one slot, whose long parts wait to deliver each 16 samples until `letGo`. */
async function busyWorker(protocols?: number[]) {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let urgent = 0;
  const worker: FakeWorker = await addWorker({
    identity: { slots: 1, ...(protocols ? { protocols } : {}) },
    pieceSamples: 16,
    onPiece: () => held,
    onFrame: ({ work }) => {
      if (work.kind === 'render') urgent++;
    },
    // As a real one: the slot goes to what is more urgent, once.
    givesWay: () => protocols === undefined && urgent > 0 && urgent-- > 0,
  });
  return { worker, letGo };
}

test('an urgent frame gets past a worker’s queue, and a long part leaves it the slot and goes on later', async () => {
  const { worker, letGo } = await busyWorker();
  const long = await submitLong(10);
  await until(
    () => attemptsOf(long),
    (attempts) => attempts.length === 3,
  );
  const urgent = await submit('7', 90);
  expect(await ended(urgent)).toMatchObject({ state: 'succeeded' });
  expect((await attemptsOf(urgent)).map(({ workerId }) => workerId)).toEqual([worker.registration.workerId]);
  letGo();
  expect(await ended(long)).toMatchObject({ state: 'succeeded', framesDone: 3, priority: 10 });
  const tasks = await tasksOf(long);
  const [interrupted] = tasks.filter(({ attempts }) => attempts.some(({ state }) => state === 'yielded'));
  expect(interrupted?.attempts).toMatchObject([
    { number: 1, state: 'yielded', reason: null, message: 'it left its slot to something more urgent' },
    { number: 2, state: 'succeeded', resumedFromSample: (interrupted?.part?.samples.first ?? 0) + 16 },
  ]);
  expect(tasks.flatMap(({ attempts }) => attempts).filter(({ state }) => state !== 'succeeded')).toHaveLength(1);
  // Every frame is made of the same sums as one that nothing interrupted.
  const { items } = await get<{ items: Frame[] }>(`/jobs/${long.id}/frames`);
  const sums = Array.from({ length: 8 }, (_, n) => `[0,0 ${n * 16}+16]`).join('');
  for (const frame of items) expect(await text(await own.farm.services.objects.get(frame.sha256))).toBe(sums);
});

test('giving way is no try: a part may do so more often than it may fail', async () => {
  let times = 0;
  await addWorker({ identity: { slots: 1 }, pieceSamples: 16, givesWay: () => times++ < 5 });
  const job = await own.post<Job>('/jobs', {
    sceneId: own.sceneId,
    maxAttempts: 1,
    layers: [{ frames: '1', size: { widthPx: 64, heightPx: 64 }, samples: 256, splitSamples: 2 }],
  });
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 1 });
  const states = (await attemptsOf(job)).map(({ state }) => state);
  expect(states.filter((state) => state === 'yielded')).toHaveLength(5);
  expect(states.filter((state) => state === 'succeeded')).toHaveLength(3);
});

test('[WK23] a part may give way within a block, again and again: what is stored of it is what the next begins with', async () => {
  const sizes = [5, 11];
  const worker = await addWorker({
    identity: { slots: 1 },
    pieceSamples: () => sizes.shift() ?? 144,
    givesWay: (_assignment, { samples }) => samples.count < 144,
  });
  const size = { widthPx: 1_920, heightPx: 1_080 };
  const job = await own.post<Job>('/jobs', {
    sceneId: own.sceneId,
    maxAttempts: 1,
    layers: [{ frames: '1', size, samples: 144 }],
  });
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 1 });
  const pieces = worker.claimed.flatMap(({ work }) => (work.kind === 'piece' ? [work] : []));
  expect(pieces.map(({ begun }) => (begun ? begun.samples : begun))).toEqual([
    null,
    { first: 0, count: 5 },
    { first: 0, count: 11 },
  ]);
  for (const { part } of pieces) expect(part.samples).toEqual({ first: 0, count: 144 });
  const attempts = (await tasksOf(job)).flatMap((task) => task.attempts);
  expect(attempts.map(({ resumedFromSample }) => resumedFromSample).filter((sample) => sample !== null)).toEqual([
    5, 11,
  ]);
  const { items } = await get<{ items: Frame[] }>(`/jobs/${job.id}/frames`);
  const [frame] = items;
  expect(frame && (await text(await own.farm.services.objects.get(frame.sha256)))).toBe('[0,0 0+144]');
});

test('[WK23] sums that nobody could go on from are refused, and late ones do not replace newer ones', async () => {
  const refusals: unknown[] = [];
  const told = (error: { code?: string }) => void refusals.push(error.code);
  const worker: FakeWorker = await addWorker({
    identity: { slots: 1 },
    pieceSamples: 16,
    onPiece: async ({ attemptId }, { samples }) => {
      const delivery = worker.held.get(attemptId);
      if (!delivery || samples.first !== 0) return;
      // More than a block; then the block’s first samples, which fewer of them do not replace.
      await worker.deliverPiece(delivery, { first: 0, count: 21 }, 'too many').catch(told);
      await worker.deliverPiece(delivery, { first: 0, count: 8 }, 'the first 8');
      await worker.deliverPiece(delivery, { first: 8, count: 8 }, 'not from the block on').catch(told);
      await worker.deliverPiece(delivery, { first: 0, count: 7 }, 'the first 7').catch(told);
    },
  });
  const job = await own.post<Job>('/jobs', {
    sceneId: own.sceneId,
    layers: [{ frames: '1', size: { widthPx: 64, heightPx: 64 }, samples: 64, splitSamples: 2 }],
  });
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 1 });
  expect(refusals).toEqual(['request.invalid', 'request.invalid', 'attempt.stale']);
  const { items } = await get<{ items: Frame[] }>(`/jobs/${job.id}/frames`);
  const sums = Array.from({ length: 4 }, (_, n) => `[0,0 ${n * 16}+16]`).join('');
  for (const frame of items) expect(await text(await own.farm.services.objects.get(frame.sha256))).toBe(sums);
});

test('[WK23] sums of nothing are the same file however many samples they are of: the later ones count', async () => {
  const worker: FakeWorker = await addWorker({
    identity: { slots: 1 },
    onPiece: async ({ attemptId }, { samples }) => {
      const delivery = worker.held.get(attemptId);
      if (!delivery || samples.first !== 0) return;
      // Asked twice, as after an answer that was lost; then more of the same, to the end.
      for (const count of [5, 5, 16, 16]) await worker.deliverPiece(delivery, { first: 0, count }, 'nothing');
    },
  });
  const job = await own.post<Job>('/jobs', {
    sceneId: own.sceneId,
    maxAttempts: 1,
    layers: [{ frames: '1', size: { widthPx: 64, heightPx: 64 }, samples: 32, splitSamples: 2 }],
  });
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 1 });
  const { items } = await get<{ items: Frame[] }>(`/jobs/${job.id}/frames`);
  const [frame] = items;
  expect(frame && (await text(await own.farm.services.objects.get(frame.sha256)))).toBe('nothing[0,0 16+16]');
});

test('of equal priorities none gets past the other', async () => {
  const { worker, letGo } = await busyWorker();
  const long = await submitLong(50);
  await until(
    () => attemptsOf(long),
    (attempts) => attempts.length === 3,
  );
  const later = await submit('7', 50);
  await worker.heartbeat();
  expect(await attemptsOf(later)).toEqual([]);
  letGo();
  expect(await ended(later)).toMatchObject({ state: 'succeeded' });
  await ended(long);
});

test('[WK19] a worker of protocol 1 is given its work as ever', async () => {
  const { worker, letGo } = await busyWorker([1]);
  expect(worker.registration.protocol).toBe(1);
  const long = await submitLong(10);
  await until(
    () => attemptsOf(long),
    (attempts) => attempts.length === 3,
  );
  const urgent = await submit('7', 90);
  await worker.heartbeat();
  expect(await attemptsOf(urgent)).toEqual([]);
  letGo();
  expect(await ended(urgent)).toMatchObject({ state: 'succeeded' });
  expect(await ended(long)).toMatchObject({ state: 'succeeded' });
  expect((await attemptsOf(long)).map(({ state }) => state)).not.toContain('yielded');
});
