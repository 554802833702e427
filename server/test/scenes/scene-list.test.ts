/** Lists of scenes stay small however many files the scenes have, and so does the number of scenes. */
import { createHash } from 'node:crypto';
import { LIMITS, type SceneManifest } from '@kiln/shared';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SERVER_LIMITS } from '../../src/limits.ts';
import { createScene } from '../../src/scenes/create-scene.ts';
import { addTenant, startFarm, type TestFarm } from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { type ServerFixture, startTestServer } from '../server-fixture.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());

const sha256 = createHash('sha256').update('a file').digest('hex');
const manifestOf = (name: string, files: number): SceneManifest => ({
  name,
  entry: `${name}.glb`,
  files: Array.from({ length: files }, (_, index) => ({
    path: index === 0 ? `${name}.glb` : `${index}.bin`,
    sha256,
    sizeBytes: 6,
  })),
});

test('a page ends before its scenes have too many files together, and the next goes on from there', async () => {
  const fixture: ServerFixture = await startTestServer({ redisUrl: redis.url });
  const { client } = await fixture.newTenant('many files');
  const most = SERVER_LIMITS.scenePageFiles;
  const sizes = { a: 1, b: most / 2, c: most / 2, d: 1 };
  for (const [name, files] of Object.entries(sizes)) await client.createScene({ body: manifestOf(name, files) });
  const pages: string[][] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof client.listScenes>> = await client.listScenes({
      query: cursor === null ? {} : { cursor },
    });
    pages.push(page.items.map((scene) => scene.name));
    cursor = page.next;
  } while (cursor !== null);
  expect(pages).toEqual([
    ['d', 'c'],
    ['b', 'a'],
  ]);
  await fixture.stop();
});

test('a tenant has so many scenes and no more', async () => {
  const farm: TestFarm = await startFarm({ redisUrl: redis.url });
  const { services } = farm;
  const { id } = await addTenant(farm, 'many scenes');
  await sql`
    insert into scenes (id, tenant_id, name, state, scene_hash, entry, size_bytes, created_at)
    select 'scn_' || lpad(n::text, 20, '0'), ${id}, 'x', 'refused', lpad(n::text, 64, '0'), 'x.glb', 1, now()
    from generate_series(1, ${sql.lit(SERVER_LIMITS.scenesPerTenant - 1)}) n`.execute(services.store.db);
  await createScene(services, farm.farm, id, manifestOf('last', 1));
  const create = createScene(services, farm.farm, id, manifestOf('one-more', 1));
  await expect(create).rejects.toMatchObject({ code: 'scene.over_limit' });
  expect((await createScene(services, farm.farm, id, manifestOf('last', 1))).isNew).toBe(false);
  await farm.stop();
});

test('environments and look-up tables are listed apart, and their limits are said before anything is sent', async () => {
  const fixture: ServerFixture = await startTestServer({ redisUrl: redis.url });
  const { client } = await fixture.newTenant('assets');
  const announce = (entry: string, sizeBytes: number, more: SceneManifest['files'] = []) =>
    client.createScene({ body: { name: entry, entry, files: [{ path: entry, sha256, sizeBytes }, ...more] } });
  const tooLarge = { code: 'scene.over_limit', field: '/files/0/sizeBytes' };
  await expect(announce('sky.exr', 1_000_000_000)).rejects.toMatchObject(tooLarge);
  await expect(announce('look.cube', LIMITS.lutBytes + 1)).rejects.toMatchObject(tooLarge);
  const second = { path: 'b.txt', sha256, sizeBytes: 6 };
  await expect(announce('sky.exr', 6, [second])).rejects.toMatchObject({ code: 'request.invalid', field: '/files' });
  for (const entry of ['sky.HDR', 'look.cube', 'scene.glb']) await announce(entry, 6);
  const listed = async (kind: 'scene' | 'environment' | 'lut' | undefined) =>
    (await client.listScenes({ query: kind ? { kind } : {} })).items.map((scene) => [scene.name, scene.kind]);
  expect(await listed(undefined)).toEqual([['scene.glb', 'scene']]);
  expect(await listed('environment')).toEqual([['sky.HDR', 'environment']]);
  expect(await listed('lut')).toEqual([['look.cube', 'lut']]);
  await fixture.stop();
});
