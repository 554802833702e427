/** A farm with one tenant, and what its owner asks of jobs. */
import type { Job, Task } from '@kiln/shared';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import {
  addScene,
  addTenant,
  ask,
  jobEnded,
  startFarm,
  type TestFarm,
  type TestFarmOptions,
  type TestTenant,
} from './farm-fixture.ts';
import { startRedis, type TestRedis } from './redis.ts';
import { useWorkers } from './workers-fixture.ts';

/** Of a test file: there from its first test on, gone after its last. Each test has a scene of its own. */
export function useTenant(options: Pick<TestFarmOptions, 'webhookPrivate'> = {}) {
  let redis: TestRedis;
  let farm: TestFarm;
  let tenant: TestTenant;
  let sceneId: string;
  beforeAll(async () => {
    redis = await startRedis();
    farm = await startFarm({ redisUrl: redis.url, ...options });
    tenant = await addTenant(farm, 'one');
  });
  beforeEach(async () => {
    sceneId = await addScene(farm, tenant.id);
  });
  afterAll(async () => {
    await farm?.stop();
    await redis?.stop();
  });
  const get = <T>(path: string) => ask<T>(farm.url, tenant.key, 'GET', path);
  return {
    get farm() {
      return farm;
    },
    get tenant() {
      return tenant;
    },
    /** Of the test that runs. */
    get sceneId() {
      return sceneId;
    },
    addWorker: useWorkers(() => farm.url),
    get,
    post: <T>(path: string, body?: object) => ask<T>(farm.url, tenant.key, 'POST', path, body),
    jobNow: ({ id }: Job) => get<Job>(`/jobs/${id}`),
    ended: ({ id }: Job) => jobEnded(farm.url, tenant.key, id),
    tasksOf: async ({ id }: Job) => (await get<{ items: Task[] }>(`/jobs/${id}/tasks?limit=1000`)).items,
  };
}

/** What waits for it goes on when it is opened. */
export function gate(): { readonly held: Promise<void>; open(): void } {
  let open = () => {};
  const held = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { held, open };
}
