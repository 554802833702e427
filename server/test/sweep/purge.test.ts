/** Jobs that are over: put away, deleted with all that they made, or deleted when they have had their time. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { API_PREFIX, type Job, KilnError } from '@kiln/shared';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FakeWorker } from '../fake-worker.ts';
import { jobEnded, jobOf, until, WORKER_TOKEN } from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { sceneOf, sha256Of, uploadScene } from '../scene-fixture.ts';
import { MovableClock, type ServerFixture, startTestServer } from '../server-fixture.ts';
import { TestSocket } from '../socket-fixture.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let redis: TestRedis;
let fixture: ServerFixture;
let worker: FakeWorker;
let sceneId: string;
const clock = new MovableClock();

beforeAll(async () => {
  redis = await startRedis();
  const config = { workerToken: WORKER_TOKEN, attemptLogKeepMs: 30 * DAY_MS, jobKeepMs: 60 * DAY_MS };
  fixture = await startTestServer({ redisUrl: redis.url, clock, config });
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
const isStored = (text: string) => {
  const sha256 = sha256Of(Buffer.from(text));
  return existsSync(join(fixture.config.home, 'objects', sha256.slice(0, 2), sha256.slice(2, 4), sha256));
};
async function render(frames: string, more: object = {}): Promise<Job> {
  const job = await client().createJob({ body: { ...jobOf(sceneId, frames), maxAttempts: 1, ...more } });
  return jobEnded(fixture.server.url, fixture.apiKey, job.id);
}
const listed = async (archived?: boolean) =>
  (await client().listJobs({ query: archived === undefined ? {} : { archived } })).items.map(({ id }) => id);
const refusalOf = async (call: Promise<unknown>): Promise<KilnError> => {
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof KilnError) return error;
  throw new Error('nothing was refused');
};
const whenFramesAreGone = (text: string) =>
  until(
    async () => isStored(text),
    (stored) => !stored,
  );

test('an archived job is listed apart, keeps its frames, and comes back', async () => {
  const job = await render('1');
  const archived = await client().archiveJob({ params: { jobId: job.id } });
  expect(archived.archivedAt).not.toBeNull();
  // Again is no error, and changes nothing.
  expect(await client().archiveJob({ params: { jobId: job.id } })).toEqual(archived);
  expect(await listed()).not.toContain(job.id);
  expect(await listed(false)).not.toContain(job.id);
  expect(await listed(true)).toEqual([job.id]);
  const url = client().urls.frame({ jobId: job.id, layer: 'main', fileName: '0001.png' });
  expect((await fetch(url, { headers: client().headers })).status).toBe(200);
  expect(await client().unarchiveJob({ params: { jobId: job.id } })).toMatchObject({ archivedAt: null });
  expect(await listed()).toContain(job.id);
});

test('young bytes are left to the sweep: somebody may be about to record the same', async () => {
  const job = await render('70');
  const { storedObjects } = await client().sweep({ body: { dryRun: true } });
  await client().purgeJob({ params: { jobId: job.id } });
  await until(
    () => client().sweep({ body: { dryRun: true } }),
    (report) => report.storedObjects < storedObjects,
  );
  expect(isStored('frame 70')).toBe(true);
  clock.advance(25 * HOUR_MS);
  await client().sweep({ body: { dryRun: false } });
  await whenFramesAreGone('frame 70');
});

test('a purged job goes with the bytes that nobody else has', async () => {
  const kept = await render('1-2');
  const job = await render('2-5', {
    idempotencyKey: 'shot',
    layers: [{ ...jobOf(sceneId, '2-5').layers[0], films: [] }],
  });
  clock.advance(2 * HOUR_MS);
  const socket = new TestSocket(`${fixture.server.url.replace('http', 'ws')}${API_PREFIX}/events`, fixture.apiKey);
  await socket.say({ type: 'hello', protocols: [1], after: 0, jobId: job.id });
  const purged = await client().purgeJob({ params: { jobId: job.id } });
  expect(purged).toMatchObject({ id: job.id, framesDone: 4 });
  expect(purged.slotSec).toBeGreaterThanOrEqual(0);
  // Unseen at once.
  expect(await listed()).not.toContain(job.id);
  expect(await refusalOf(client().getJob({ params: { jobId: job.id } }))).toMatchObject({
    code: 'resource.not_found',
    message: expect.stringContaining('was purged on'),
  });
  expect(await client().purgeJob({ params: { jobId: job.id } })).toEqual(purged);
  for (const text of ['frame 3', 'frame 4', 'frame 5']) await whenFramesAreGone(text);
  expect(isStored('frame 1')).toBe(true);
  expect(isStored('frame 2')).toBe(true);
  const url = client().urls.frame({ jobId: kept.id, layer: 'main', fileName: '0002.png' });
  expect(await (await fetch(url, { headers: client().headers })).text()).toBe('frame 2');
  await socket.next(({ type, data }) => type === 'job.purged' && (data as { jobId: string }).jobId === job.id);
  socket.socket.close();
  // Its key is free again, and what is drawn again is stored again.
  const again = await render('2-5', { idempotencyKey: 'shot' });
  expect(again.id).not.toBe(job.id);
  expect(isStored('frame 5')).toBe(true);
  expect(await client().audit({ body: { bytes: true } })).toMatchObject({ ok: true });
});

test('what is not over, is waited for, or is another tenant’s is neither archived nor purged', async () => {
  const paused = await client().createJob({ body: jobOf(sceneId, '1-3') });
  await client().pauseJob({ params: { jobId: paused.id }, body: {} });
  for (const call of [client().archiveJob, client().purgeJob]) {
    expect(await refusalOf(call({ params: { jobId: paused.id } }))).toMatchObject({ code: 'resource.conflict' });
  }
  const failed = await render('13');
  expect(failed.state).toBe('failed');
  const next = await client().createJob({ body: { ...jobOf(sceneId, '1'), after: [failed.id] } });
  const refusal = await refusalOf(client().purgeJob({ params: { jobId: failed.id } }));
  expect(refusal).toMatchObject({ code: 'resource.conflict', message: expect.stringContaining(next.id) });
  await client().cancelJob({ params: { jobId: next.id } });
  const other = await fixture.newTenant('other');
  for (const call of [other.client.archiveJob, other.client.purgeJob]) {
    expect(await refusalOf(call({ params: { jobId: failed.id } }))).toMatchObject({ code: 'resource.not_found' });
  }
  expect(await client().purgeJob({ params: { jobId: failed.id } })).toMatchObject({ framesDone: 0 });
  await client().cancelJob({ params: { jobId: paused.id } });
  // Nothing comes after a job that is gone, and nothing of it is tried again.
  const after = client().createJob({ body: { ...jobOf(sceneId, '1'), after: [failed.id] } });
  expect(await refusalOf(after)).toMatchObject({ code: 'resource.not_found', field: '/after/0' });
  const retry = client().retryJob({ params: { jobId: failed.id }, body: {} });
  expect(await refusalOf(retry)).toMatchObject({ code: 'resource.not_found' });
});

test('logs of attempts go after their time, and jobs after theirs', async () => {
  const job = await render('13');
  const attempts = async () =>
    (await client().listTasks({ params: { jobId: job.id } })).items.flatMap((task) => task.attempts);
  expect((await attempts()).some(({ log }) => log.length > 0)).toBe(true);
  clock.advance(31 * DAY_MS);
  const report = await client().sweep({ body: { dryRun: true } });
  expect(report.attemptLogs).toBeGreaterThan(0);
  expect(await client().sweep({ body: { dryRun: false } })).toMatchObject({ attemptLogs: report.attemptLogs, jobs: 0 });
  expect(await attempts()).toEqual([
    expect.objectContaining({ log: [], reason: 'render.failed', message: 'thirteen' }),
  ]);
  clock.advance(30 * DAY_MS);
  const due = (await client().sweep({ body: { dryRun: true } })).jobs;
  expect(due).toBeGreaterThan(0);
  expect(await client().sweep({ body: { dryRun: false } })).toMatchObject({ jobs: due });
  expect(await listed()).toEqual([]);
  expect(await listed(true)).toEqual([]);
  await whenFramesAreGone('frame 1');
  expect(await client().audit({ body: { bytes: true } })).toMatchObject({ ok: true });
});
