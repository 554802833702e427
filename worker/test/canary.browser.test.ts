/** [WK22] A worker that is asked for its canary draws it in a browser of its own, and says whether it is as it was. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FakeFarm, settings } from './support/fake-farm.ts';
import { RedisServer } from './support/redis-server.ts';
import { startTinyWorker, TINY_CANARY } from './support/tiny-worker.ts';

let redis: RedisServer;
let home: string;

beforeAll(async () => {
  redis = await RedisServer.start();
  home = await mkdtemp(join(tmpdir(), 'kiln-test-'));
});

afterAll(async () => {
  await redis?.stop();
  await rm(home, { recursive: true, force: true });
});

/** What a worker tells of two canaries, when its own is to have this hash; it renders a frame beside the second. */
async function tells(canarySha256: string): Promise<readonly (string | null)[]> {
  const farm = new FakeFarm(redis);
  await farm.open();
  const { worker } = await startTinyWorker({ url: farm.url, home, canarySha256 });
  try {
    farm.asksForCanary = true;
    await expect.poll(() => farm.canaries.length, { timeout: 100_000 }).toBe(1);
    farm.asksForCanary = true;
    const work = { kind: 'render' as const, settings, frames: [1] };
    const attempt = await farm.send(farm.addScene({ 'scene.glb': 'a scene' }), work);
    await expect.poll(() => farm.canaries.length, { timeout: 100_000 }).toBe(2);
    await expect.poll(() => attempt.isOver, { timeout: 100_000 }).toBe(true);
    expect(attempt.failure).toBeNull();
    return farm.canaries;
  } finally {
    await worker.drain();
    await farm.close();
  }
}

test('one that is the same picture as before', async () => {
  expect(await tells(TINY_CANARY)).toEqual([null, null]);
});

test('one that is another picture', async () => {
  const fault = 'the canary is another picture than it was';
  expect(await tells('0'.repeat(64))).toEqual([fault, fault]);
});

test('a worker that drains lets go of the browser that draws it', async () => {
  const farm = new FakeFarm(redis);
  await farm.open();
  const { worker } = await startTinyWorker({ url: farm.url, home });
  farm.asksForCanary = true;
  const beats = farm.heartbeats.length;
  await expect.poll(() => farm.heartbeats.length, { timeout: 100_000 }).toBeGreaterThan(beats + 1);
  await worker.drain();
  expect(farm.goodbyes).toBe(1);
  await farm.close();
});
