import { text } from 'node:stream/consumers';
import { type Frame, framePart, type Job, partsPerFrame, type Task } from '@kiln/shared';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { FakeWorker, FakeWorkerOptions } from '../fake-worker.ts';
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
import { startRedis, type TestRedis } from '../redis.ts';
import { useWorkers } from '../workers-fixture.ts';

const SIZE = { widthPx: 64, heightPx: 64 };
const DIVISION = { tiles: { columns: 2, rows: 2 }, sampleRanges: 2 };
const SAMPLES = 64;
const PARTS = partsPerFrame(DIVISION);

let redis: TestRedis;
let farm: TestFarm;
let tenant: TestTenant;
let sceneId: string;
const addWorker = useWorkers(() => farm.url);

beforeAll(async () => {
  redis = await startRedis();
  farm = await startFarm({ redisUrl: redis.url });
  tenant = await addTenant(farm, 'one');
});
beforeEach(async () => {
  sceneId = await addScene(farm, tenant.id);
});
afterAll(async () => {
  await farm?.stop();
  await redis?.stop();
});

/** Every frame in four blocks of two ranges of samples. */
function submit(frames: string, more: Parameters<typeof jobOf>[2] = {}): Promise<Job> {
  const { tiles, sampleRanges: splitSamples } = DIVISION;
  return ask<Job>(farm.url, tenant.key, 'POST', '/jobs', {
    ...jobOf(sceneId, frames, more),
    layers: [{ frames, size: SIZE, samples: SAMPLES, tiles, splitSamples }],
  });
}

const ended = (job: Job) => jobEnded(farm.url, tenant.key, job.id);
const get = <T>(path: string) => ask<T>(farm.url, tenant.key, 'GET', path);
const tasksOf = async ({ id }: Job) => (await get<{ items: Task[] }>(`/jobs/${id}/tasks?limit=1000`)).items;
const framesOf = async ({ id }: Job) => (await get<{ items: Frame[] }>(`/jobs/${id}/frames?limit=1000`)).items;
const piecesLeft = async () => {
  const { n } = await farm.services.store.db
    .selectFrom('pieces')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow();
  return Number(n);
};

/** What the fake worker makes of the parts of a frame, in order. */
const ASSEMBLED = Array.from({ length: PARTS }, (_, index) => {
  const { region, samples } = framePart(DIVISION, { size: SIZE, samples: SAMPLES }, index);
  return `[${region.x},${region.y} ${samples.first}+${samples.count}]`;
}).join('');

async function textOf(frame: Frame): Promise<string> {
  return text(await farm.services.objects.get(frame.sha256));
}

test('[WK16] parts are drawn by several workers, and each frame is made of all of its own, in order', async () => {
  const drawn = await Promise.all([addWorker(), addWorker()]);
  const job = await submit('1-3');
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 3, framesFailed: 0 });
  const frames = await framesOf(job);
  expect(frames.map(({ frameNumber }) => frameNumber).sort()).toEqual([1, 2, 3]);
  for (const frame of frames) expect(await textOf(frame)).toBe(ASSEMBLED);
  const tasks = await tasksOf(job);
  expect(tasks.filter(({ kind }) => kind === 'render')).toHaveLength(3 * PARTS);
  expect(tasks.filter(({ kind }) => kind === 'assemble').map((task) => task.frames)).toEqual([[1], [2], [3]]);
  expect(tasks.every(({ state, attempts }) => state === 'succeeded' && attempts.length === 1)).toBe(true);
  expect(tasks.find(({ kind, index }) => kind === 'render' && index === 3)?.part).toEqual({
    region: { x: 32, y: 0, widthPx: 32, heightPx: 32 },
    samples: { first: 32, count: 32 },
  });
  for (const worker of drawn) expect(worker.claimed.some(({ work }) => work.kind === 'piece')).toBe(true);
  // Nobody needs the sums any more.
  expect(await piecesLeft()).toBe(0);
});

test('a frame is not begun to be made before its last part is there', async () => {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const worker = await addWorker({
    onPiece: (_, { region, samples }) =>
      region.x === 32 && region.y === 32 && samples.first === 32 ? held : undefined,
  });
  const job = await submit('1');
  const assembly = async () => (await tasksOf(job)).find(({ kind }) => kind === 'assemble');
  await until(piecesLeft, (n) => n === PARTS - 1);
  expect(await assembly()).toMatchObject({ state: 'blocked', attempts: [] });
  expect(worker.claimed.some(({ work }) => work.kind === 'assemble')).toBe(false);
  letGo();
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 1 });
});

test('a part that fails is tried again alone', async () => {
  let failures = 0;
  await addWorker({
    onPiece: (_, { region }) => {
      if (region.x === 0 && region.y === 32 && failures++ === 0) throw new Error('bad luck');
    },
  });
  const job = await submit('1');
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 1, framesFailed: 0 });
  const tries = (await tasksOf(job)).map(({ attempts }) => attempts.map(({ reason }) => reason));
  expect(tries.filter(({ length }) => length === 2)).toEqual([['render.failed', null]]);
  expect(tries.filter(({ length }) => length === 1)).toHaveLength(PARTS);
});

test('a part that fails for good fails its frame once, and nothing else of the frame is drawn', async () => {
  const worker = await addWorker({
    onPiece: ({ work }, { samples }) => {
      if (work.kind === 'piece' && work.frameNumber === 1 && samples.first === 32) throw new Error('hopeless');
    },
  });
  const job = await submit('1,2', { maxAttempts: 1 });
  const end = await ended(job);
  expect(end).toMatchObject({ state: 'failed', framesDone: 1, framesFailed: 1, error: { message: 'hopeless' } });
  const [frame, ...others] = await framesOf(job);
  expect(frame?.frameNumber).toBe(2);
  expect(others).toEqual([]);
  const lost = (await tasksOf(job)).filter(({ frames }) => frames[0] === 1);
  expect(lost.find(({ kind }) => kind === 'assemble')?.state).toBe('failed');
  for (const { kind, state } of lost) {
    if (kind === 'render') expect(['succeeded', 'failed', 'cancelled']).toContain(state);
  }
  expect(worker.delivered).toEqual([2]);
  expect(await piecesLeft()).toBe(0);
});

test('of a part that is lost in the middle, what was delivered is not drawn again', async () => {
  const first = await addWorker({
    pieceSamples: 16,
    onPiece: async (_, { samples }) => {
      if (samples.first % 32 !== 16) return;
      await first.goodbye();
      await first.vanish();
    },
  });
  const job = await submit('1');
  await until(piecesLeft, (n) => n > 0);
  const second = await addWorker();
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 1 });
  const resumed = second.claimed.flatMap(({ work }) => (work.kind === 'piece' ? [work.part.samples] : []));
  expect(resumed.some(({ first, count }) => first % 32 === 16 && count === 16)).toBe(true);
  const attempts = (await tasksOf(job)).flatMap((task) => task.attempts);
  const from = attempts.flatMap(({ resumedFromSample }) => resumedFromSample ?? []);
  expect(from.length).toBeGreaterThan(0);
  for (const sample of from) expect(sample % 32).toBe(16);
});

test('a cancelled job leaves no parts behind, and none that wait', async () => {
  await addWorker({ onPiece: (_, { samples }) => (samples.first === 32 ? new Promise<void>(() => {}) : undefined) });
  const job = await submit('1-5');
  await until(piecesLeft, (n) => n > 0);
  await ask(farm.url, tenant.key, 'POST', `/jobs/${job.id}/cancel`);
  expect(await piecesLeft()).toBe(0);
  const open = (await tasksOf(job)).filter(({ state }) => state !== 'cancelled' && state !== 'succeeded');
  expect(open).toEqual([]);
});

test('[WK16] samples that do not follow on what is stored are refused', async () => {
  const refusals: string[] = [];
  const worker: FakeWorker = await addWorker({
    onPiece: async ({ attemptId }, { samples }) => {
      const delivery = worker.held.get(attemptId);
      if (!delivery || samples.first !== 0) return;
      await worker
        .deliverPiece(delivery, { first: 16, count: 16 }, 'early')
        .catch((error) => refusals.push(error.code));
      await worker.deliverPiece(delivery, { first: 0, count: 48 }, 'long').catch((error) => refusals.push(error.code));
    },
  });
  const job = await submit('1');
  expect(await ended(job)).toMatchObject({ state: 'succeeded' });
  expect(new Set(refusals)).toEqual(new Set(['request.invalid']));
});

/** Drawn as one part, which noise may end. */
async function submitOpen(): Promise<Job> {
  const size = { widthPx: 1_920, heightPx: 1_080 };
  const layer = { frames: '1', engine: 'pathtrace', size, samples: 256, noiseThreshold: 0.01 };
  return ask<Job>(farm.url, tenant.key, 'POST', '/jobs', { ...jobOf(sceneId, '1'), layers: [layer] });
}

const TRACER: FakeWorkerOptions = { identity: { capabilities: [{ engine: 'pathtrace', backend: 'webgl' }] } };

test('[WK21] a frame that noise may end goes on from what is stored, hears of it, and is done when noise has ended it', async () => {
  const first = await addWorker({
    ...TRACER,
    pieceSamples: 16,
    onPiece: async (_, { samples }) => {
      if (samples.first < 32) return;
      await first.goodbye();
      await first.vanish();
    },
  });
  const job = await submitOpen();
  await until(piecesLeft, (n) => n === 2);
  const second = await addWorker({
    ...TRACER,
    pieceSamples: 32,
    endsByNoise: ({ samples }) => samples.first + samples.count === 64,
  });
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 1 });
  const [resumed] = second.claimed.flatMap(({ work }) => (work.kind === 'piece' ? [work] : []));
  expect(resumed?.part.samples).toEqual({ first: 32, count: 224 });
  expect(resumed?.before).toMatchObject({
    sums: [
      { samples: { first: 0, count: 16 }, noise: 1 / 16, backend: 'webgl' },
      { samples: { first: 16, count: 16 }, noise: 1 / 32 },
    ],
    drawnMs: 2_000,
  });
  const [assembled] = second.claimed.flatMap(({ work }) => (work.kind === 'assemble' ? [work] : []));
  const end = { endedBy: 'noise', noise: 1 / 64 };
  expect(assembled?.sums.at(-1)).toMatchObject({ samples: { first: 32, count: 32 }, backend: 'webgl', ...end });
  const [frame] = await framesOf(job);
  expect(frame && (await textOf(frame))).toBe('[0,0 0+16][0,0 16+16][0,0 32+32]');
});

test('[WK21] a part that neither noise nor time may end is not ended by them', async () => {
  const refusals: string[] = [];
  const worker: FakeWorker = await addWorker({
    onPiece: async ({ attemptId }, { samples }) => {
      const delivery = worker.held.get(attemptId);
      if (!delivery || samples.first !== 0) return;
      await worker
        .deliverPiece(delivery, { first: 0, count: 16 }, 'ended', { endedBy: 'noise' })
        .catch((error) => refusals.push(error.code));
    },
  });
  const job = await submit('1');
  expect(await ended(job)).toMatchObject({ state: 'succeeded' });
  expect(new Set(refusals)).toEqual(new Set(['request.invalid']));
});
