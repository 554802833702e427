/** The archive of a job with more frames than are looked up at once. */
import { unzipSync } from 'fflate';
import { type Kysely, type KyselyPlugin, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openArchive } from '../../src/frames/job-archive.ts';
import type { Database } from '../../src/store/tables.ts';
import { FakeWorker } from '../fake-worker.ts';
import {
  addScene,
  addTenant,
  ask,
  jobEnded,
  jobOf,
  startFarm,
  type TestFarm,
  type TestTenant,
} from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';

const FRAMES = 4_500;

let redis: TestRedis;
let farm: TestFarm;
let tenant: TestTenant;
let jobId: string;
let queries = 0;
let counted: Kysely<Database>;

beforeAll(async () => {
  redis = await startRedis();
  farm = await startFarm({ redisUrl: redis.url });
  tenant = await addTenant(farm, 'one');
  const worker = await new FakeWorker(farm.url).start();
  const sceneId = await addScene(farm, tenant.id);
  ({ id: jobId } = await ask<{ id: string }>(farm.url, tenant.key, 'POST', '/jobs', jobOf(sceneId, '1')));
  await jobEnded(farm.url, tenant.key, jobId);
  await worker.stop();
  const { db } = farm.services.store;
  await sql`
    insert into frames (layer_id, frame_number, job_id, tenant_id, task_id, attempt_id, sha256, size_bytes, media_type, stages)
    select layer_id, n, job_id, tenant_id, task_id, attempt_id, sha256, size_bytes, media_type, stages
    from frames, generate_series(2, ${sql.lit(FRAMES)}) n where job_id = ${jobId}`.execute(db);
  const counter: KyselyPlugin = {
    transformQuery: ({ node }) => {
      queries++;
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  counted = db.withPlugin(counter);
});
afterAll(async () => {
  await farm?.stop();
  await redis?.stop();
});

const open = () => openArchive({ ...farm.services, db: counted }, tenant.id, jobId);

test('looks up no more frames than are about to be read, and none for a client that has left', async () => {
  const { bytes } = await open();
  await new Promise((resolve) => bytes.once('readable', resolve));
  // The job, its layers, a page of frames.
  const looked = 3;
  // Whoever looked up more had its queries before these in the queue of the one session.
  for (let times = 0; times < 5; times++) await sql`select 1`.execute(farm.services.store.db);
  expect(queries).toBe(looked);
  bytes.destroy();
  await new Promise((resolve) => bytes.once('close', resolve));
  for (let times = 0; times < 5; times++) await sql`select 1`.execute(farm.services.store.db);
  expect(queries).toBe(looked);
});

test('has every frame', async () => {
  const { bytes } = await open();
  const parts: Buffer[] = [];
  for await (const part of bytes) parts.push(part);
  expect(Object.keys(unzipSync(Buffer.concat(parts)))).toHaveLength(FRAMES);
});
