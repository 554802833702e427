/** [WK15] A scene in another format than glTF is drawn from the GLB that its import made of it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Assignment, CONVERTED_ENTRY, type Delivery } from '@kiln/shared';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FakeWorker, HttpFailure } from '../fake-worker.ts';
import { jobEnded, jobOf, WORKER_TOKEN } from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { sceneOf, sha256Of, uploadScene } from '../scene-fixture.ts';
import { MovableClock, type ServerFixture, startTestServer } from '../server-fixture.ts';

const DAY_MS = 86_400_000;
const glb = Buffer.from('the scene as GLB');
const obj = Buffer.from('v 0 0 0');

let redis: TestRedis;
let fixture: ServerFixture;
let worker: FakeWorker;
/** What the worker does with an import before it reports. */
let beforeReport = async (_delivery: Delivery): Promise<void> => {};
const clock = new MovableClock();

class ConvertingWorker extends FakeWorker {
  override async work(delivery: Delivery): Promise<void> {
    await beforeReport(delivery);
    await super.work(delivery);
  }
}

beforeAll(async () => {
  redis = await startRedis();
  fixture = await startTestServer({ redisUrl: redis.url, clock, config: { workerToken: WORKER_TOKEN } });
  worker = await new ConvertingWorker(fixture.server.url, {
    convert: ({ scene }: Assignment) => (scene.entry.endsWith('.obj') ? glb : null),
  }).start();
});
afterAll(async () => {
  await worker?.stop();
  await fixture?.stop();
  await redis?.stop();
});

const isStored = (sha256: string) =>
  existsSync(join(fixture.config.home, 'objects', sha256.slice(0, 2), sha256.slice(2, 4), sha256));
const claimsOf = (kind: 'render' | 'import') => worker.claimed.filter(({ work }) => work.kind === kind);

test('an import gets the scene’s own files, a frame the GLB; the scene stays what was uploaded', async () => {
  const files: (Buffer | number)[] = [];
  const scene = await uploadScene(
    fixture,
    sceneOf('spider', { 'spider.obj': obj, 'spider.mtl': Buffer.from('newmtl a') }),
  );
  expect(scene).toMatchObject({ state: 'ready', entry: 'spider.obj' });
  expect(
    claimsOf('import')
      .at(-1)
      ?.scene.files.map(({ path }) => path),
  ).toEqual(['spider.mtl', 'spider.obj']);

  beforeReport = async (delivery) => {
    files.push(await worker.file(delivery, sha256Of(glb)), await worker.file(delivery, sha256Of(Buffer.from('other'))));
  };
  const job = await fixture.client.createJob({ body: jobOf(scene.id, '1') });
  await jobEnded(fixture.server.url, fixture.apiKey, job.id);
  beforeReport = async () => {};
  expect(claimsOf('render').at(-1)?.scene).toEqual({
    sceneHash: scene.sceneHash,
    entry: CONVERTED_ENTRY,
    files: [{ path: CONVERTED_ENTRY, sha256: sha256Of(glb), sizeBytes: glb.length }],
  });
  expect(files).toEqual([glb, 404]);
});

test('the GLB goes when its time is over after the scene was deleted, and not before, jobs or no jobs', async () => {
  const scene = await uploadScene(
    fixture,
    sceneOf('spider', { 'spider.obj': obj, 'spider.mtl': Buffer.from('newmtl a') }),
  );
  const sweep = () => fixture.client.sweep({ body: { dryRun: false } });
  const sweepTwoDaysLater = async () => {
    await sweep();
    clock.advance(DAY_MS + 60_000);
    await sweep();
    clock.advance(DAY_MS + 60_000);
    await sweep();
  };
  await sweepTwoDaysLater();
  expect(isStored(sha256Of(glb))).toBe(true);
  await fixture.client.deleteScene({ params: { sceneId: scene.id } });
  await sweep();
  expect(isStored(sha256Of(glb))).toBe(true);
  await sweepTwoDaysLater();
  expect(isStored(sha256Of(glb))).toBe(false);
});

test('bytes with another hash than announced are refused, and so is a result that names what was not sent', async () => {
  const outcomes: string[] = [];
  const refusal = async (action: Promise<unknown>) => {
    const error = await action.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    outcomes.push(error instanceof HttpFailure ? error.code : 'taken');
  };
  beforeReport = async (delivery) => {
    const sha256 = sha256Of(glb);
    await refusal(worker.sendConverted(delivery, sha256, Buffer.from('other bytes')));
    const result = { outcome: 'ready', converted: { sha256, sizeBytes: glb.length } };
    const thumbnail = { thumbnailBase64: 'AAAA', thumbnailMediaType: 'image/webp' };
    const { report } = await fixture.client.getScene({ params: { sceneId: other.id } });
    const body = { ...result, ...thumbnail, report };
    const path = `/worker/attempts/${delivery.attemptId}/import`;
    await worker.claim(delivery);
    await refusal(worker.post(path, worker.registration.workerSecret, body, delivery.leaseToken));
  };
  const before = beforeReport;
  beforeReport = async () => {};
  const other = await uploadScene(fixture, sceneOf('with a report', { 'b.obj': Buffer.from('v 1 1 1') }));
  beforeReport = before;
  const scene = await uploadScene(fixture, sceneOf('plain'));
  beforeReport = async () => {};
  expect(outcomes).toEqual(['upload.hash_mismatch', 'request.invalid']);
  expect(scene.state).toBe('ready');
});
