import type { Frame, Job, Task } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
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
  until,
} from '../farm-fixture.ts';
import { findPostgres, startPostgres, type TestPostgres } from '../postgres.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { quietLog, temporaryFolder } from '../store-fixture.ts';

const bin = await findPostgres();

describe.skipIf(bin === null)('two servers on one PostgreSQL and one Redis', () => {
  let postgres: TestPostgres;
  let redis: TestRedis;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  const stores: Store[] = [];
  const farms: TestFarm[] = [];
  const workers: FakeWorker[] = [];
  let tenant: TestTenant;
  let sceneId: string;

  beforeAll(async () => {
    postgres = await startPostgres(bin ?? '');
    redis = await startRedis();
    folder = await temporaryFolder();
    const databaseUrl = await postgres.createDatabase();
    for (const _ of [1, 2]) {
      const store = await openStore({ home: folder.path, databaseUrl }, quietLog);
      stores.push(store);
      farms.push(await startFarm({ redisUrl: redis.url, store, home: folder.path }));
    }
    tenant = await addTenant(at(farms, 0), 'one');
    sceneId = await addScene(at(farms, 0), tenant.id);
    for (const [index, name] of ['a', 'b'].entries()) {
      workers.push(await new FakeWorker(at(farms, index).url, { identity: { name, pid: index }, frameMs: 40 }).start());
    }
  });
  afterAll(async () => {
    for (const worker of workers) await worker.stop();
    for (const farm of farms) await farm.stop();
    for (const store of stores) await store.close();
    await postgres?.stop();
    await redis?.stop();
    await folder?.remove();
  });

  test('one leads; jobs that are submitted to either are done by workers of both, each frame once', async () => {
    const [first, second] = await Promise.all(
      [0, 1].map((index) => ask<Job>(at(farms, index).url, tenant.key, 'POST', '/jobs', jobOf(sceneId, '1-60'))),
    );
    for (const job of [first, second]) {
      const { url } = at(farms, 1);
      expect(await jobEnded(url, tenant.key, job?.id ?? '')).toMatchObject({ state: 'succeeded', framesDone: 60 });
      const { items } = await ask<{ items: Frame[] }>(url, tenant.key, 'GET', `/jobs/${job?.id}/frames?limit=1000`);
      expect(new Set(items.map((frame) => frame.frameNumber)).size).toBe(60);
    }
    for (const worker of workers) expect(worker.delivered.length).toBeGreaterThan(0);
    expect(await epochs(second)).toHaveLength(1);
  });

  test('when the leader stops hard, the other leads and the job goes on', async () => {
    const [one, two] = workers;
    const job = await ask<Job>(at(farms, 1).url, tenant.key, 'POST', '/jobs', jobOf(sceneId, '1-250'));
    await until(
      () => ask<Job>(at(farms, 1).url, tenant.key, 'GET', `/jobs/${job.id}`),
      ({ framesDone }) => framesDone >= 5,
    );
    const [leading] = (await epochs(job)).slice(-1);
    if (one) one.url = at(farms, 1).url;
    if (two) two.url = at(farms, 1).url;
    await at(farms, 0).stop('hard');
    await stores[0]?.close();
    expect(await jobEnded(at(farms, 1).url, tenant.key, job.id)).toMatchObject({ state: 'succeeded', framesDone: 250 });
    const all = await epochs(job);
    expect(all[0]).toBe(leading);
    expect(all.length).toBeGreaterThan(1);
  });

  async function epochs(job: Job | undefined): Promise<number[]> {
    const path = `/jobs/${job?.id}/tasks?limit=1000`;
    const { items } = await ask<{ items: Task[] }>(at(farms, 1).url, tenant.key, 'GET', path);
    const numbers = items.flatMap((task) => task.attempts.map((attempt) => attempt.leaseEpoch));
    return [...new Set(numbers)].sort((a, b) => a - b);
  }
});

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new Error(`nothing at ${index}`);
  return item;
}
