import type { Frame, Job, Task } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FakeWorker } from '../fake-worker.ts';
import { addScene, addTenant, ask, jobEnded, jobOf, startFarm, type TestFarm, type TestTenant } from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';

describe('a job from submission to its end', () => {
  let redis: TestRedis;
  let farm: TestFarm;
  let tenant: TestTenant;
  let worker: FakeWorker;

  beforeAll(async () => {
    redis = await startRedis();
    farm = await startFarm({ redisUrl: redis.url });
    tenant = await addTenant(farm, 'one');
    worker = await new FakeWorker(farm.url).start();
  });
  afterAll(async () => {
    await worker?.stop();
    await farm?.stop();
    await redis?.stop();
  });

  test('renders every frame once and counts exactly', async () => {
    const sceneId = await addScene(farm, tenant.id);
    const job = await ask<Job>(farm.url, tenant.key, 'POST', '/jobs', jobOf(sceneId, '1-40'));
    expect(job).toMatchObject({ state: 'queued', frameCount: 40, framesDone: 0 });

    const ended = await jobEnded(farm.url, tenant.key, job.id);
    expect(ended).toMatchObject({ state: 'succeeded', framesDone: 40, framesFailed: 0, error: null });
    expect(ended.endedAt).not.toBeNull();

    const frames = await ask<{ items: Frame[] }>(farm.url, tenant.key, 'GET', `/jobs/${job.id}/frames?limit=1000`);
    expect(frames.items.map((frame) => frame.frameNumber).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
    expect(frames.items[0]).toMatchObject({ layer: 'main', mediaType: 'image/png' });
    const tasks = await ask<{ items: Task[] }>(farm.url, tenant.key, 'GET', `/jobs/${job.id}/tasks?limit=1000`);
    expect(tasks.items).toHaveLength(40);
    for (const task of tasks.items) {
      expect(task.state).toBe('succeeded');
      expect(task.attempts).toHaveLength(1);
      expect(task.attempts[0]).toMatchObject({ state: 'succeeded', number: 1, leaseEpoch: 1, workerName: 'fake' });
      expect(task.attempts[0]?.resultHash).toBe(task.attempts[0]?.frames[0]?.sha256);
    }
  });
});
