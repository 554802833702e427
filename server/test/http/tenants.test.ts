import { LIMITS, type TenantChanges } from '@kiln/shared';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../redis.ts';
import { type ServerFixture, startTestServer } from '../server-fixture.ts';

let redis: TestRedis;
let fixture: ServerFixture;
beforeAll(async () => {
  redis = await startRedis();
  fixture = await startTestServer({ redisUrl: redis.url });
});
afterAll(async () => {
  await fixture?.stop();
  await redis?.stop();
});

test('an operator says how many unfinished tasks a tenant may have', async () => {
  const { client } = fixture;
  const { tenant } = await client.createTenant({ body: { name: 'busy' } });
  expect(tenant.maxOpenTasks).toBe(LIMITS.openTasksPerTenant);
  const params = { tenantId: tenant.id };
  const limit = async (maxOpenTasks: number | null) => client.changeTenant({ params, body: { maxOpenTasks } });
  expect(await limit(7)).toEqual({ ...tenant, maxOpenTasks: 7 });
  expect((await client.listTenants()).items).toContainEqual({ ...tenant, maxOpenTasks: 7 });
  expect(await limit(null)).toEqual(tenant);
  await expect(limit(0)).rejects.toMatchObject({ code: 'request.invalid', field: '/maxOpenTasks' });
  const nobody = { tenantId: tenant.id.replace(/.$/, (last) => (last === '0' ? '1' : '0')) };
  await expect(client.changeTenant({ params: nobody, body: { maxOpenTasks: 1 } })).rejects.toMatchObject({
    code: 'resource.not_found',
  });
});

test('an operator says what of the slots a tenant gets', async () => {
  const { client } = fixture;
  const { tenant } = await client.createTenant({ body: { name: 'weighty' } });
  expect(tenant).toMatchObject({ weight: 1, minSlots: 0, maxSlots: null, heldSlots: 0, usedSlotSec: 0 });
  const params = { tenantId: tenant.id };
  const change = (body: TenantChanges) => client.changeTenant({ params, body });
  expect(await change({ weight: 2.5, minSlots: 3, maxSlots: 8 })).toMatchObject({
    weight: 2.5,
    minSlots: 3,
    maxSlots: 8,
  });
  // What is not named stays.
  expect(await change({ maxSlots: null })).toMatchObject({ weight: 2.5, minSlots: 3, maxSlots: null });
  await expect(change({ maxSlots: 2 })).rejects.toMatchObject({ code: 'request.invalid', field: '/maxSlots' });
  await change({ maxSlots: 4 });
  await expect(change({ minSlots: 5 })).rejects.toMatchObject({ code: 'request.invalid', field: '/minSlots' });
  await expect(change({ weight: 0 })).rejects.toMatchObject({ code: 'request.invalid', field: '/weight' });
  await expect(change({})).rejects.toMatchObject({ code: 'request.invalid' });
});

test('a name is one tenant’s only, also when two ask for it at once', async () => {
  const create = (name: string) => fixture.client.createTenant({ body: { name } });
  const both = await Promise.allSettled([create('studio'), create('studio')]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  for (const name of ['studio', 'default']) {
    await expect(create(name)).rejects.toMatchObject({ code: 'resource.conflict', status: 409, field: '/name' });
  }
  await create('another studio');
  const { items } = await fixture.client.listTenants();
  expect(items.map(({ name }) => name)).toEqual(['default', 'busy', 'weighty', 'studio', 'another studio']);
});
