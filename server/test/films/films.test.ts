import { createHash } from 'node:crypto';
import type { Film, Job, Task } from '@kiln/shared';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
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

let redis: TestRedis;
let farm: TestFarm;
let tenant: TestTenant;
let sceneId: string;
const addWorker = useWorkers(() => farm.url);

beforeAll(async () => {
  redis = await startRedis();
  farm = await startFarm({ redisUrl: redis.url, timing: { leaseMs: 2_000 } });
  tenant = await addTenant(farm, 'one');
});
beforeEach(async () => {
  sceneId = await addScene(farm, tenant.id);
});
afterAll(async () => {
  await farm?.stop();
  await redis?.stop();
});

const LAYER = { size: { widthPx: 64, heightPx: 64 } };

const submit = (frames: string, more: object = {}, layer: object = {}) =>
  ask<Job>(farm.url, tenant.key, 'POST', '/jobs', {
    ...jobOf(sceneId, frames),
    ...more,
    layers: [{ ...LAYER, frames, films: [{ format: 'mp4' }], ...layer }],
  });

const filmsOf = async (jobId: string) =>
  (await ask<{ items: Film[] }>(farm.url, tenant.key, 'GET', `/jobs/${jobId}/films`)).items;

const textOf = async ({ url }: Film) => {
  const response = await fetch(farm.url + url, { headers: { authorization: `Bearer ${tenant.key}` } });
  expect(response.headers.get('content-type')).toBe('video/mp4');
  return response.text();
};

test('[WK17] a film takes frames in their order while later ones are drawn, and the job ends with it', async () => {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const worker = await addWorker({
    // The third of the order is drawn last, and only when the first two are in the film.
    onFrame: async (_assignment, frameNumber) => {
      if (frameNumber === 1) await held;
    },
  });
  const job = await submit('3,2,1,4');
  expect(job).toMatchObject({ filmCount: 1, filmsDone: 0 });
  await until(
    async () => worker.filmed.flat().join(),
    (taken) => taken === '3,2',
  );
  expect((await filmsOf(job.id))[0]).toMatchObject({ state: 'leased', sha256: null, url: null });
  letGo();
  const ended = await jobEnded(farm.url, tenant.key, job.id);
  expect(ended).toMatchObject({ state: 'succeeded', framesDone: 4, filmsDone: 1, filmsFailed: 0 });
  const [film] = await filmsOf(job.id);
  expect(film).toMatchObject({ format: 'mp4', codec: 'h264', state: 'succeeded', facts: { missing: [] } });
  expect(film && (await textOf(film))).toBe('frame 3;frame 2;frame 1;frame 4;');
  const { items } = await ask<{ items: Task[] }>(farm.url, tenant.key, 'GET', `/jobs/${job.id}/tasks`);
  const facts = items.map(({ kind, frames, film: fileName }) => ({ kind, frames, film: fileName }));
  expect(facts).toContainEqual({ kind: 'film', frames: [], film: 'film.mp4' });
  expect(facts).toContainEqual({ kind: 'render', frames: [3], film: null });
});

test('a frame that fails is missing from the film, which says so; the others are delivered', async () => {
  await addWorker({
    onFrame: (_assignment, frameNumber) => {
      if (frameNumber === 2) throw new Error('it cannot be drawn');
    },
  });
  const job = await submit('1-4', { maxAttempts: 1 });
  const ended = await jobEnded(farm.url, tenant.key, job.id);
  expect(ended).toMatchObject({ state: 'failed', framesDone: 3, framesFailed: 1, filmsDone: 1, filmsFailed: 0 });
  const [film] = await filmsOf(job.id);
  expect(film).toMatchObject({ state: 'succeeded', facts: { missing: [2] } });
  expect(film && (await textOf(film))).toBe('frame 1;-;frame 3;frame 4;');
});

test('[WK17] a film whose worker dies is made anew by another', async () => {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const first = await addWorker({
    onFrame: async (_assignment, frameNumber) => {
      if (frameNumber === 3) await held;
    },
  });
  const job = await submit('1-3');
  await until(
    async () => first.filmed.flat().length,
    (taken) => taken === 2,
  );
  first.dead = true;
  letGo();
  await addWorker();
  const ended = await jobEnded(farm.url, tenant.key, job.id);
  expect(ended).toMatchObject({ state: 'succeeded', filmsDone: 1 });
  const [film] = await filmsOf(job.id);
  expect(film && (await textOf(film))).toBe('frame 1;frame 2;frame 3;');
});

test('a cancelled job takes its film with it', async () => {
  await addWorker({ onFrame: () => new Promise(() => {}) });
  const job = await submit('1-2');
  await ask(farm.url, tenant.key, 'POST', `/jobs/${job.id}/cancel`);
  expect((await filmsOf(job.id))[0]).toMatchObject({ state: 'cancelled', url: null });
});

test.each([
  ['of frames that hold linear light', { format: 'exr' }, /png, jpeg, webp, avif.*exr/, '/layers/0/format'],
  ['twice in one format', { films: [{ format: 'gif' }, { format: 'gif' }] }, /twice/, '/layers/0/films/1/format'],
  ['with a codec of another', { films: [{ format: 'mp4', codec: 'vp9' }] }, /h264 or av1/, '/layers/0/films/0/codec'],
  ['too large', { size: { widthPx: 8_000, heightPx: 64 } }, /H\.264 takes edges of 16 to 4096/, '/layers/0/films/0'],
  ['too small', { size: { widthPx: 8, heightPx: 64 } }, /H\.264 takes edges of 16/, '/layers/0/films/0'],
  ['with ffmpeg where none is', { films: [{ format: 'mov' }] }, /no worker has ffmpeg/, '/layers/0/films/0/format'],
  [
    'with a sound that was not sent',
    { films: [{ format: 'mp4', audio: { sha256: createHash('sha256').update('x').digest('hex') } }] },
    /upload the sound first/,
    '/layers/0/films/0/audio/sha256',
  ],
] as const)('a film %s is refused before anything is queued', async (_what, layer, message, field) => {
  await addWorker();
  const response = await fetch(`${farm.url}/api/v1/jobs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tenant.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ sceneId, layers: [{ ...LAYER, frames: '1', films: [{ format: 'mp4' }], ...layer }] }),
  });
  const { error } = (await response.json()) as { error: { message: string; field: string } };
  expect(response.status).toBeGreaterThanOrEqual(400);
  expect(error.message).toMatch(message);
  expect(error.field).toBe(field);
});
