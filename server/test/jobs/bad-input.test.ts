/** What must not be queued: each thing refused at the door, with the path of its field, and nothing left behind. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addScene, addTenant, startFarm, type TestFarm, type TestTenant } from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';

let redis: TestRedis;
let farm: TestFarm;
let tenant: TestTenant;
let sceneId: string;
beforeAll(async () => {
  redis = await startRedis();
  farm = await startFarm({ redisUrl: redis.url });
  tenant = await addTenant(farm, 'one');
  sceneId = await addScene(farm, tenant.id);
});
afterAll(async () => {
  await farm?.stop();
  await redis?.stop();
});

/** Sends text as it is: what no program of ours would write, too. */
async function post(path: string, text: string) {
  const response = await fetch(`${farm.url}/api/v1${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tenant.key}`, 'content-type': 'application/json' },
    body: text,
  });
  return { status: response.status, body: await response.json() };
}

/** A job of one layer with this in it. */
const job = (more: string) =>
  `{"sceneId":"${sceneId}","layers":[{"frames":"1-10","size":{"widthPx":64,"heightPx":64}${more && `,${more}`}}]}`;

const camera = (position: string) => `"camera":{"position":${position},"target":[0,0,0],"fovDeg":40}`;
const LAYER = '/layers/0';

const cases: readonly (readonly [what: string, layer: string, code: string, field: string])[] = [
  ['an unknown clip', '"clip":"Fly"', 'job.unknown_clip', `${LAYER}/clip`],
  ['an unknown clip beside another', '"moreClips":["Walk","Fly"]', 'job.unknown_clip', `${LAYER}/moreClips/1`],
  ['an unknown camera', '"camera":"Back"', 'job.unknown_camera', `${LAYER}/camera`],
  ['an unknown pass', '"format":"exr","passes":["beauty","heat"]', 'request.invalid', `${LAYER}/passes/1`],
  ['an unknown variant', '"variant":"Gold"', 'job.unknown_name', `${LAYER}/variant`],
  ['an unknown environment', '"environment":"moon"', 'request.invalid', `${LAYER}/environment`],
  ['an unknown engine', '"engine":"scanline"', 'request.invalid', `${LAYER}/engine`],
  ['no samples', '"samples":0', 'request.invalid', `${LAYER}/samples`],
  ['samples below none', '"samples":-1', 'request.invalid', `${LAYER}/samples`],
  ['half a sample', '"samples":1.5', 'request.invalid', `${LAYER}/samples`],
  ['no bounces', '"engine":"pathtrace","bounces":0', 'request.invalid', `${LAYER}/bounces`],
  ['a picture without width', '"size":{"widthPx":0,"heightPx":9}', 'request.invalid', `${LAYER}/size/widthPx`],
  ['a NaN in a camera, as JSON writes it', camera('[0,null,1]'), 'request.invalid', `${LAYER}/camera/position/1`],
  ['an infinite number in a camera', camera('[0,1e999,1]'), 'request.invalid', `${LAYER}/camera/position/1`],
  [
    'a NaN in a matrix, as JSON writes it',
    `"pointers":[{"pointer":"/nodes/0/matrix","value":[${Array(15).fill(1)},null]}]`,
    'request.invalid',
    `${LAYER}/pointers/0/value`,
  ],
  ['an infinite exposure', '"exposureEv":1e999', 'request.invalid', `${LAYER}/exposureEv`],
  ['a requirement that there is not', '"requires":{"cores":8}', 'request.invalid', `${LAYER}/requires/cores`],
  ['a tag of two words', '"requires":{"tags":["very fast"]}', 'request.invalid', `${LAYER}/requires/tags/0`],
  ['a GPU with a NUL in its name', '"requires":{"gpu":"a\\u0000b"}', 'request.invalid', `${LAYER}/requires/gpu`],
  ['no memory', '"requires":{"memoryBytes":0}', 'request.invalid', `${LAYER}/requires/memoryBytes`],
  ['ten million frames', '"frames":"1-10000000"', 'job.too_large', `${LAYER}/frames`],
  [
    'ten million tasks of blocks',
    '"frames":"1-10000","tiles":{"columns":40,"rows":25}',
    'job.too_large',
    `${LAYER}/tiles`,
  ],
  [
    'ten million tasks of samples',
    '"frames":"1-160000","samples":1024,"splitSamples":64',
    'job.too_large',
    `${LAYER}/splitSamples`,
  ],
];

describe('a job with', () => {
  test.each(cases)('%s is refused', async (_what, layer, code, field) => {
    const text = layer.startsWith('"frames"') || layer.startsWith('"size"') ? merged(layer) : job(layer);
    const { status, body } = await post('/jobs', text);
    expect(body).toMatchObject({ error: { code, field } });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  });

  test('a word that is no JSON is refused', async () => {
    for (const word of ['NaN', 'Infinity', 'undefined']) {
      const { status, body } = await post('/jobs', job(camera(`[0,${word},1]`)));
      expect(body).toMatchObject({ error: { code: 'request.bad_json' } });
      expect(status).toBe(400);
    }
  });

  test('ten million tasks in several layers is refused, at the one that is too many', async () => {
    const divided = '{"frames":"1-9000","size":{"widthPx":64,"heightPx":64},"tiles":{"columns":10,"rows":10}}';
    const { body } = await post('/jobs', `{"sceneId":"${sceneId}","layers":[${Array(11).fill(divided)}]}`);
    expect(body).toMatchObject({ error: { code: 'job.too_large', field: '/layers/1/tiles' } });
  });
});

test('nothing of all this is queued', async () => {
  const { db } = farm.services.store;
  expect(await db.selectFrom('jobs').select('id').execute()).toEqual([]);
  expect(await db.selectFrom('tasks').select('id').execute()).toEqual([]);
  expect(await db.selectFrom('scenes').select('id').execute()).toEqual([{ id: sceneId }]);
  // The same without what is wrong is.
  expect((await post('/jobs', job(''))).status).toBe(201);
});

/** A layer whose first words stand in place of those of `job`. */
const merged = (layer: string) =>
  `{"sceneId":"${sceneId}","layers":[{${layer}${layer.includes('"size"') ? ',"frames":"1"' : ',"size":{"widthPx":64,"heightPx":64}'}}]}`;
