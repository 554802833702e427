/** What nobody references goes, after its time; nothing else ever does. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createClient, type SweepReport } from '@kiln/shared';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FakeWorker } from '../fake-worker.ts';
import { jobEnded, jobOf, WORKER_TOKEN } from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { sceneOf, sendBytes, sendScene, sha256Of, uploadScene } from '../scene-fixture.ts';
import { MovableClock, type ServerFixture, startTestServer } from '../server-fixture.ts';

const DAY_MS = 86_400_000;

let redis: TestRedis;
let fixture: ServerFixture;
let worker: FakeWorker;
const clock = new MovableClock();

beforeAll(async () => {
  redis = await startRedis();
  fixture = await startTestServer({ redisUrl: redis.url, clock, config: { workerToken: WORKER_TOKEN } });
  worker = await new FakeWorker(fixture.server.url).start();
});
afterAll(async () => {
  await worker?.stop();
  await fixture?.stop();
  await redis?.stop();
});

const sweep = (dryRun: boolean): Promise<SweepReport> => fixture.client.sweep({ body: { dryRun } });
const pathOf = (sha256: string) => join(fixture.config.home, 'objects', sha256.slice(0, 2), sha256.slice(2, 4), sha256);
const isStored = (sha256: string) => existsSync(pathOf(sha256));

/** The sweep that notices what is unreferenced, and the one that may take it. */
async function sweepTwoDaysLater(): Promise<SweepReport> {
  await sweep(false);
  clock.advance(DAY_MS + 60_000);
  await sweep(false);
  clock.advance(DAY_MS + 60_000);
  return sweep(false);
}

test('a deleted scene’s bytes go after their time; a shared file, other scenes and frames of jobs stay', async () => {
  const shared = Buffer.from('a file that two scenes have');
  const gone = sceneOf('gone', { 'gone.gltf': Buffer.from('only here'), 'shared.bin': shared });
  const kept = sceneOf('kept', { 'kept.gltf': Buffer.from('only there'), 'shared.bin': shared });
  const goneScene = await uploadScene(fixture, gone);
  const keptScene = await uploadScene(fixture, kept);
  const job = await fixture.client.createJob({ body: jobOf(keptScene.id, '1-2') });
  await jobEnded(fixture.server.url, fixture.apiKey, job.id);
  await fixture.client.deleteScene({ params: { sceneId: goneScene.id } });

  const before = await sweep(true);
  expect(before).toMatchObject({ swept: false, objects: 0, youngObjects: 1, youngBytes: 'only here'.length });
  expect((await sweep(false)).objects).toBe(0);
  expect(isStored(sha256Of(Buffer.from('only here')))).toBe(true);

  const report = await sweepTwoDaysLater();
  expect(isStored(sha256Of(Buffer.from('only here')))).toBe(false);
  for (const bytes of ['only there', 'frame 1', 'frame 2'])
    expect(isStored(sha256Of(Buffer.from(bytes))), bytes).toBe(true);
  expect(isStored(sha256Of(shared))).toBe(true);
  expect(report.storedObjects).toBeLessThan(before.storedObjects);

  const url = fixture.client.urls.frame({ jobId: job.id, layer: 'main', fileName: '0002.png' });
  expect((await fetch(url, { headers: fixture.client.headers })).status).toBe(200);
  // What went is asked for again, what stayed is not.
  const again = await fixture.client.createScene({ body: gone.manifest });
  expect(again.missing).toEqual([sha256Of(Buffer.from('only here'))]);
});

test('bytes that no scene uses belong to their tenant for a day; sent again they are as good as new', async () => {
  const bytes = Buffer.from('nobody has announced a scene with this');
  expect((await sendBytes(fixture, sha256Of(bytes), bytes)).status).toBe(201);
  clock.advance(DAY_MS + 60_000);
  await sweep(false);
  expect((await sendBytes(fixture, sha256Of(bytes), bytes)).status).toBe(201);
  clock.advance(DAY_MS / 2);
  await sweep(false);
  expect(isStored(sha256Of(bytes))).toBe(true);
  await sweepTwoDaysLater();
  expect(isStored(sha256Of(bytes))).toBe(false);
});

test('one tenant’s scene keeps the bytes that another has deleted', async () => {
  const local = sceneOf('both', { 'both.glb': Buffer.from('two tenants have this') });
  const other = await fixture.newTenant('other');
  const mine = await uploadScene(fixture, local);
  const theirs = await uploadScene(other, local);
  expect(theirs.state).toBe('ready');
  await fixture.client.deleteScene({ params: { sceneId: mine.id } });
  await sweepTwoDaysLater();
  expect(isStored(sha256Of(Buffer.from('two tenants have this')))).toBe(true);
  expect(await other.client.getScene({ params: { sceneId: theirs.id } })).toMatchObject({ state: 'ready' });
});

test('an upload that nobody goes on with is given up, a young one is not', async () => {
  const start = async () => {
    const response = await fetch(fixture.client.urls.uploads, {
      method: 'POST',
      headers: {
        ...fixture.client.headers,
        'tus-resumable': '1.0.0',
        'upload-length': '100',
        'upload-metadata': `sha256 ${btoa('a'.repeat(64))},filename ${btoa('x')}`,
      },
    });
    return response.headers.get('location')?.split('/').at(-1) ?? '';
  };
  const old = await start();
  clock.advance(2 * DAY_MS + 60_000);
  const young = await start();
  expect(await sweep(true)).toMatchObject({ swept: false, uploads: 1 });
  expect(await sweep(false)).toMatchObject({ swept: true, uploads: 1 });
  const files = await readdir(join(fixture.config.home, 'uploads'));
  expect(files).toContain(young);
  expect(files).not.toContain(old);
});

test('bytes without a row, as a crash leaves them, go when they are old', async () => {
  const [old, young] = [sha256Of(Buffer.from('old')), sha256Of(Buffer.from('young'))];
  for (const sha256 of [old, young]) {
    await mkdir(dirname(pathOf(sha256)), { recursive: true });
    await writeFile(pathOf(sha256), sha256);
  }
  const at = (ms: number) => new Date(clock.now().getTime() - ms);
  await utimes(pathOf(old), at(2 * DAY_MS), at(2 * DAY_MS));
  await utimes(pathOf(young), at(60_000), at(60_000));
  expect((await sweep(true)).objects).toBeGreaterThanOrEqual(1);
  expect(isStored(old)).toBe(true);
  await sweep(false);
  expect([isStored(old), isStored(young)]).toEqual([false, true]);
});

test('a scene that is announced again while its bytes wait to be swept needs nothing sent', async () => {
  const local = sceneOf('back', { 'back.glb': Buffer.from('it comes back') });
  const { id } = await uploadScene(fixture, local);
  await fixture.client.deleteScene({ params: { sceneId: id } });
  await sweep(false);
  clock.advance(DAY_MS / 2);
  const again = await sendScene(fixture, local);
  expect(again.missing).toEqual([]);
  await sweepTwoDaysLater();
  expect(isStored(sha256Of(Buffer.from('it comes back')))).toBe(true);
});

test('only an operator sweeps', async () => {
  const { apiKey } = await fixture.newTenant('member');
  const member = createClient({ url: fixture.server.url, apiKey, fetch });
  await expect(member.sweep({ body: { dryRun: true } })).rejects.toMatchObject({ code: 'identity.forbidden' });
});
