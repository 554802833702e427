/** Estimates that have had their time, and the pictures that were drawn for them. */
import { KilnError } from '@kiln/shared';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FakeWorker } from '../fake-worker.ts';
import { jobOf, until, WORKER_TOKEN } from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { sceneOf, uploadScene } from '../scene-fixture.ts';
import { MovableClock, type ServerFixture, startTestServer } from '../server-fixture.ts';

const DAY_MS = 86_400_000;

let redis: TestRedis;
let fixture: ServerFixture;
let worker: FakeWorker;
let sceneId: string;
const clock = new MovableClock();

beforeAll(async () => {
  redis = await startRedis();
  fixture = await startTestServer({ redisUrl: redis.url, clock, config: { workerToken: WORKER_TOKEN } });
  const onFrame = (_: unknown, frame: number) => {
    if (frame === 13) throw new Error('thirteen');
  };
  worker = await new FakeWorker(fixture.server.url, { onFrame }).start();
  sceneId = (await uploadScene(fixture, sceneOf('room', { 'room.gltf': Buffer.from('a room') }))).id;
});
afterAll(async () => {
  await worker?.stop();
  await fixture?.stop();
  await redis?.stop();
});

const client = () => fixture.client;
/** Of frames that no earlier job tells of. */
const shot = (frames: string) =>
  jobOf(sceneId, frames, { layers: [{ frames, size: { widthPx: 64, heightPx: 64 }, samples: 16 }] });
const sweep = (dryRun: boolean) => client().sweep({ body: { dryRun } });
const isThere = async (call: Promise<unknown>): Promise<boolean> => {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof KilnError && error.code === 'resource.not_found') return false;
    throw error;
  }
};
const hasJob = (jobId: string) => isThere(client().getJob({ params: { jobId } }));
const hasEstimate = (estimateId: string) => isThere(client().getEstimate({ params: { estimateId } }));
const measured = (estimateId: string) =>
  until(
    () => client().getEstimate({ params: { estimateId } }),
    ({ state }) => state !== 'measuring',
  );

test('a probe that is put away goes after a day with its pictures, its estimate after 30', async () => {
  const { id, probeJobId } = await client().createEstimate({ body: shot('1-9') });
  const { state } = await measured(id);
  expect([state, await hasJob(probeJobId ?? '')]).toEqual(['ready', true]);
  expect(await sweep(false)).toMatchObject({ jobs: 0 });
  clock.advance(DAY_MS + 60_000);
  expect(await sweep(true)).toMatchObject({ jobs: 1 });
  expect(await hasJob(probeJobId ?? '')).toBe(true);
  expect(await sweep(false)).toMatchObject({ jobs: 1 });
  expect(await hasJob(probeJobId ?? '')).toBe(false);
  clock.advance(28 * DAY_MS);
  await sweep(false);
  expect(await hasEstimate(id)).toBe(true);
  clock.advance(DAY_MS);
  await sweep(true);
  expect(await hasEstimate(id)).toBe(true);
  await sweep(false);
  expect(await hasEstimate(id)).toBe(false);
});

test('an estimate that an open job is held on stays, and so does a probe that failed', async () => {
  const job = await client().createJob({ body: { ...shot('13-15'), budget: '1h' } });
  const waits = async () => (await client().getJob({ params: { jobId: job.id } })).waitsFor?.message ?? '';
  const why = await until(waits, (message) => message.includes('could not be measured'));
  const [probe] = (await client().listJobs({})).items.filter(({ id }) => id !== job.id);
  clock.advance(31 * DAY_MS);
  await sweep(false);
  expect(await waits()).toBe(why);
  expect(await hasJob(probe?.id ?? '')).toBe(true);
});
