/** Whole servers on a real PostgreSQL and a real S3 server, with no folder in common. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Health } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { S3Config } from '../../src/config/s3-config.ts';
import { connectS3, S3ObjectStore } from '../../src/objects/s3-object-store.ts';
import { FakeWorker } from '../fake-worker.ts';
import { jobEnded, jobOf, until, WORKER_TOKEN } from '../farm-fixture.ts';
import { listOf } from '../object-bytes.ts';
import { findPostgres, startPostgres, type TestPostgres } from '../postgres.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { rgwMissing, startRgw, type TestRgw } from '../rgw.ts';
import { sceneOf, sendBytes, sha256Of, uploadScene } from '../scene-fixture.ts';
import { MovableClock, type ServerFixture, startTestServer } from '../server-fixture.ts';

const DAY_MS = 86_400_000;
const MIB = 1_048_576;

const bin = await findPostgres();
const missing = rgwMissing() ?? (bin === null ? 'unproved: there is no PostgreSQL here; install postgresql' : null);
if (missing !== null || bin === null) {
  test.skip(`servers on PostgreSQL and S3: ${missing}`, () => {});
} else {
  describe('two servers with a database and a bucket in common, and nothing else', () => {
    let postgres: TestPostgres;
    let redis: TestRedis;
    let rgw: TestRgw;
    let s3: S3Config;
    let bucket: S3ObjectStore;
    let one: ServerFixture;
    let other: ServerFixture;
    let worker: FakeWorker;
    const clock = new MovableClock();
    beforeAll(async () => {
      [postgres, redis, rgw] = await Promise.all([startPostgres(bin), startRedis(), startRgw()]);
      s3 = { ...(await rgw.createBucket()), prefix: 'farm/' };
      bucket = new S3ObjectStore(connectS3(s3), s3);
      const config = { databaseUrl: await postgres.createDatabase(), s3, workerToken: WORKER_TOKEN };
      one = await startTestServer({ redisUrl: redis.url, clock, config });
      other = await startTestServer({ redisUrl: redis.url, clock, config });
      worker = await new FakeWorker(other.server.url).start();
    });
    afterAll(async () => {
      await worker?.stop();
      await other?.stop();
      await one?.stop();
      await bucket?.close();
      await rgw?.stop();
      await redis?.stop();
      await postgres?.stop();
    });

    const get = async (fixture: ServerFixture, url: string, headers: Record<string, string> = {}) => {
      const path = url.slice(new URL(url).origin.length);
      const response = await fetch(`${fixture.server.url}${path}`, {
        headers: { ...fixture.client.headers, ...headers },
      });
      return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
    };
    const audited = async () => {
      const { ok, checks } = await one.client.audit({ body: { bytes: true } });
      return { ok, violations: checks.filter(({ violations }) => violations > 0) };
    };
    const objectsOf = async ({ server }: ServerFixture) => {
      const health = (await (await fetch(`${server.url}/api/v1/health`)).json()) as Health;
      return health.parts.objects;
    };

    test('a scene that one takes is drawn by a worker of the other, and its frames come from both', async () => {
      const scene = await uploadScene(one, sceneOf('shared', { 'scene.glb': randomBytes(9 * MIB) }));
      const job = await one.client.createJob({ body: jobOf(scene.id, '1-5') });
      expect(await jobEnded(one.server.url, one.apiKey, job.id)).toMatchObject({ state: 'succeeded', framesDone: 5 });
      const { items } = await one.client.listFrames({ params: { jobId: job.id } });
      expect(items).toHaveLength(5);
      for (const frame of items) {
        const fileName = `000${frame.frameNumber}.png`;
        const url = one.client.urls.frame({ jobId: job.id, layer: 'main', fileName });
        for (const fixture of [one, other]) {
          const { status, bytes } = await get(fixture, url);
          expect([status, sha256Of(bytes)]).toEqual([200, frame.sha256]);
        }
        const part = await get(other, url, { range: 'bytes=2-4' });
        expect([part.status, part.bytes.toString()]).toEqual([206, 'ame']);
      }
      const archive = await get(other, one.client.urls.archive(job.id));
      expect([archive.status, archive.bytes.subarray(0, 2).toString()]).toEqual([200, 'PK']);
      expect(existsSync(join(one.config.home, 'objects'))).toBe(false);
      expect(existsSync(join(other.config.home, 'objects'))).toBe(false);
      expect(await audited()).toEqual({ ok: true, violations: [] });
    });

    /** The sweep that notices what is unreferenced, and the one that may take it. */
    async function sweepTwoDaysLater() {
      await one.client.sweep({ body: { dryRun: false } });
      clock.advance(DAY_MS + 60_000);
      await other.client.sweep({ body: { dryRun: false } });
      clock.advance(DAY_MS + 60_000);
      return one.client.sweep({ body: { dryRun: false } });
    }

    // The first with the clock: it is the bucket's own that says when an object was stored.
    test('what nobody needs goes from the bucket after its time: objects, those without a row; the rest stays', async () => {
      const gone = sceneOf('gone', { 'gone.glb': randomBytes(3_000) });
      const kept = await uploadScene(one, sceneOf('kept'));
      const scene = await uploadScene(one, gone);
      const stray = sha256Of(Buffer.from('a crash came before its row'));
      async function* bytes() {
        yield Buffer.from('a crash came before its row');
      }
      await bucket.put(bytes(), { maxBytes: 100, expectSha256: stray });
      await one.client.deleteScene({ params: { sceneId: scene.id } });
      const before = await one.client.sweep({ body: { dryRun: true } });
      expect(before).toMatchObject({ swept: false, objects: 0 });
      expect(await bucket.has(stray)).toBe(true);
      await sweepTwoDaysLater();
      const [goneHash = ''] = gone.bytes.keys();
      expect([await bucket.has(goneHash), await bucket.has(stray)]).toEqual([false, false]);
      expect((await one.client.getScene({ params: { sceneId: kept.id } })).state).toBe('ready');
      expect(await audited()).toEqual({ ok: true, violations: [] });
    });

    test('two tenants with the same bytes share them, and do not see each other’s', async () => {
      const local = sceneOf('both', { 'both.glb': randomBytes(2_000) });
      const [sha256 = ''] = local.bytes.keys();
      const second = await one.newTenant('second');
      const mine = await uploadScene(one, local);
      expect((await second.client.createScene({ body: local.manifest })).missing).toEqual([sha256]);
      expect((await uploadScene(second, local)).state).toBe('ready');
      expect((await listOf(bucket)).filter((found) => found === sha256)).toHaveLength(1);
      await one.client.deleteScene({ params: { sceneId: mine.id } });
      await sweepTwoDaysLater();
      expect(await bucket.has(sha256)).toBe(true);
    });

    test('an upload that finds the bucket full is told so, and is finished when there is room', async () => {
      await rgw.setQuota(s3, MIB);
      const bytes = randomBytes(2 * MIB);
      const full = await sendBytes(one, sha256Of(bytes), bytes);
      expect(full.status).toBe(507);
      expect(await full.json()).toMatchObject({ error: { code: 'storage.full', retryable: true } });
      expect(await objectsOf(one)).toBe('full');
      expect(await objectsOf(other)).toBe('ok');
      await rgw.setQuota(s3, null);
      expect((await sendBytes(one, sha256Of(bytes), bytes)).status).toBe(201);
      expect(await bucket.has(sha256Of(bytes))).toBe(true);
      expect(await objectsOf(one)).toBe('ok');
    });

    test('while the gateway is away health says so, requests are told to come again, and a job goes on after', async () => {
      const scene = await uploadScene(one, sceneOf('patient'));
      await rgw.killGateway();
      expect(await objectsOf(one)).toBe('down');
      const bytes = randomBytes(1_000);
      const refused = await sendBytes(one, sha256Of(bytes), bytes);
      expect(refused.status).toBe(503);
      const text = await refused.text();
      expect(text).toContain('storage.unavailable');
      expect(text).not.toContain('127.0.0.1');
      const job = await one.client.createJob({ body: jobOf(scene.id, '1-3', { maxAttempts: 10 }) });
      await until(
        async () => (await one.client.listTasks({ params: { jobId: job.id } })).items,
        (tasks) => tasks.some(({ attempts }) => attempts.length > 0),
      );
      await rgw.startGateway();
      expect(await jobEnded(one.server.url, one.apiKey, job.id)).toMatchObject({ state: 'succeeded', framesDone: 3 });
      expect(await objectsOf(one)).toBe('ok');
      expect((await sendBytes(one, sha256Of(bytes), bytes)).status).toBe(201);
      expect(await audited()).toEqual({ ok: true, violations: [] });
    });
  });
}
