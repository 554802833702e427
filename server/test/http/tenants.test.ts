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

test('a name is one tenant’s only, also when two ask for it at once', async () => {
  const create = (name: string) => fixture.client.createTenant({ body: { name } });
  const both = await Promise.allSettled([create('studio'), create('studio')]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  for (const name of ['studio', 'default']) {
    await expect(create(name)).rejects.toMatchObject({ code: 'resource.conflict', status: 409, field: '/name' });
  }
  await create('another studio');
  const { items } = await fixture.client.listTenants();
  expect(items.map(({ name }) => name)).toEqual(['default', 'studio', 'another studio']);
});
