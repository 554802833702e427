/** Two tenants of weights 1 and 2 that both have more to do than the farm can: what each gets of it. */
import type { Job } from '@kiln/shared';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { audit } from '../../src/audit/audit.ts';
import { addScene, addTenant, ask, jobEnded, jobOf, startFarm, type TestFarm } from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { useWorkers } from '../workers-fixture.ts';

const TASKS = 600;

let redis: TestRedis;
let farm: TestFarm;
const addWorker = useWorkers(() => farm.url);

beforeAll(async () => {
  redis = await startRedis();
  farm = await startFarm({ redisUrl: redis.url });
});
afterAll(async () => {
  await farm?.stop();
  await redis?.stop();
});

async function submit(name: string, weight: number, tasks: number): Promise<() => Promise<Job>> {
  const { id, key } = await addTenant(farm, name);
  await farm.services.store.db.updateTable('tenants').set({ share_weight: weight }).where('id', '=', id).execute();
  const job = await ask<Job>(farm.url, key, 'POST', '/jobs', jobOf(await addScene(farm, id), `1-${tasks}`));
  return () => jobEnded(farm.url, key, job.id);
}

test('each gets slot-seconds by its weight, within 5 % over more than 1,000 tasks', async () => {
  const ended = [await submit('one', 1, TASKS), await submit('two', 2, 2 * TASKS)];
  for (let pid = 1; pid <= 3; pid++)
    await addWorker({ identity: { name: `worker ${pid}`, pid, slots: 3 }, frameMs: 30 });
  for (const job of ended) expect(await job()).toMatchObject({ state: 'succeeded' });
  const { checks } = await audit(farm.services, { bytes: true });
  expect(checks.filter(({ violations }) => violations > 0)).toEqual([]);
  // Of fewer it would say nothing.
  expect(checks.find(({ name }) => name === 'shares.fair')?.checked).toBeGreaterThan(1_000);
}, 600_000);
