/** Environments and look-up tables beside a job's scene: whose they are, and that they stay while they are needed. */
import type { AssetReference, RenderSettings } from '@kiln/shared';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deleteScene } from '../../src/scenes/delete-scene.ts';
import { FakeWorker } from '../fake-worker.ts';
import {
  addScene,
  addTenant,
  ask,
  call,
  jobOf,
  startFarm,
  type TestFarm,
  type TestTenant,
  until,
} from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';

let redis: TestRedis;
let farm: TestFarm;
let tenant: TestTenant;
let other: TestTenant;
beforeAll(async () => {
  redis = await startRedis();
  farm = await startFarm({ redisUrl: redis.url });
  [tenant, other] = [await addTenant(farm, 'one'), await addTenant(farm, 'other')];
});
afterAll(async () => {
  await farm?.stop();
  await redis?.stop();
});

/** A scene that was imported, and is an environment. */
async function addAsset(tenantId: string, kind: 'environment' | 'lut' = 'environment') {
  const id = await addScene(farm, tenantId);
  const { db } = farm.services.store;
  await db.updateTable('scenes').set({ kind }).where('id', '=', id).execute();
  const file = await db
    .selectFrom('scene_files')
    .select(['sha256', 'size_bytes'])
    .where('scene_id', '=', id)
    .executeTakeFirstOrThrow();
  return { id, reference: { sha256: file.sha256, sizeBytes: file.size_bytes } satisfies AssetReference };
}

const withLook = (sceneId: string, look: Partial<RenderSettings>) => ({
  ...jobOf(sceneId, '1'),
  layers: [{ frames: '1', size: { widthPx: 64, heightPx: 64 }, ...look }],
});

test('only what the tenant has uploaded as that is taken; of others it is as if there were none', async () => {
  const sceneId = await addScene(farm, tenant.id);
  const foreign = await addAsset(other.id);
  const lut = await addAsset(tenant.id, 'lut');
  const own = await addAsset(tenant.id);
  const submit = (look: Partial<RenderSettings>) =>
    call(farm.url, tenant.key, 'POST', '/jobs', withLook(sceneId, look));
  const unknown = { sha256: 'f'.repeat(64), sizeBytes: 1 };
  for (const environment of [unknown, foreign.reference, lut.reference]) {
    expect(await submit({ environment })).toMatchObject({
      status: 404,
      body: { error: { code: 'resource.not_found', field: '/layers/0/environment/sha256' } },
    });
  }
  expect(await submit({ environment: 'scene' })).toMatchObject({
    status: 422,
    body: { error: { code: 'job.unsupported', field: '/layers/0/environment' } },
  });
  expect(await submit({ lut: own.reference })).toMatchObject({
    status: 404,
    body: { error: { field: '/layers/0/lut/sha256' } },
  });
  expect(await submit({ environment: { ...own.reference, sizeBytes: 3 } })).toMatchObject({
    status: 400,
    body: { error: { field: '/layers/0/environment/sizeBytes' } },
  });
  expect(await submit({ environment: own.reference, lut: lut.reference })).toMatchObject({ status: 201 });
  expect(await call(farm.url, tenant.key, 'POST', '/jobs', jobOf(own.id, '1'))).toMatchObject({
    status: 400,
    body: { error: { field: '/sceneId' } },
  });
});

test('a worker gets those of the tenant whose lease it holds, and of no other', async () => {
  const sceneId = await addScene(farm, tenant.id);
  const own = await addAsset(tenant.id);
  const foreign = await addAsset(other.id);
  const worker = await new FakeWorker(farm.url, { onFrame: () => new Promise(() => {}) }).start();
  const { id } = await ask<{ id: string }>(
    farm.url,
    tenant.key,
    'POST',
    '/jobs',
    withLook(sceneId, { environment: own.reference }),
  );
  await until(
    async () => worker.claimed.length,
    (count) => count > 0,
  );
  const [delivery] = worker.held.values();
  const fetchFile = (sha256: string) =>
    fetch(`${farm.url}/api/v1/worker/files/${sha256}`, {
      headers: {
        authorization: `Bearer ${worker.registration.workerSecret}`,
        'x-kiln-lease': delivery?.leaseToken ?? '',
      },
    });
  expect(await (await fetchFile(own.reference.sha256)).text()).toBe(`scene ${own.id}`);
  expect((await fetchFile(foreign.reference.sha256)).status).toBe(404);
  const remove = () => deleteScene(farm.services, farm.farm, tenant.id, own.id);
  await expect(remove()).rejects.toMatchObject({ code: 'resource.conflict', message: expect.stringContaining(id) });
  await ask(farm.url, tenant.key, 'POST', `/jobs/${id}/cancel`);
  await remove();
  await worker.stop();
});
