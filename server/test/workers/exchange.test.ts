/** [WK24] Many claims and small frames in one request: each has its own fate. */
import {
  type ClaimItem,
  ErrorBody,
  EXCHANGE_MEDIA_TYPE,
  ExchangeAnswer,
  type FrameItem,
  type FrameResult,
  type Job,
  parse,
  Registration,
  WORKER_ROUTES,
} from '@kiln/shared';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EXCHANGE_LIMITS } from '../../src/workers/exchange-limits.ts';
import { IDENTITY } from '../fake-worker.ts';
import {
  addScene,
  addTenant,
  ask,
  jobOf,
  makeId,
  startFarm,
  type TestFarm,
  until,
  WORKER_TOKEN,
} from '../farm-fixture.ts';
import { readAll, sha256Of } from '../object-bytes.ts';
import { startRedis, type TestRedis } from '../redis.ts';

let redis: TestRedis;
let farm: TestFarm;
beforeAll(async () => {
  redis = await startRedis();
  farm = await startFarm({ redisUrl: redis.url });
});
afterAll(async () => {
  await farm?.stop();
  await redis?.stop();
});

/** A worker of which nothing else is there. */
async function register(name: string): Promise<Registration> {
  const headers = { authorization: `Bearer ${WORKER_TOKEN}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ identity: { ...IDENTITY, name, slots: 8 } });
  const answer = await fetch(`${farm.url}/api/v1/worker/register`, { method: 'POST', headers, body });
  return parse(Registration, await answer.json(), 'the registration');
}

/** A worker, and a job whose frames it is given. */
async function given(name: string, frames: number): Promise<Given> {
  const tenant = await addTenant(farm, name);
  const sceneId = await addScene(farm, tenant.id);
  const registration = await register(name);
  expect(registration.exchange).toEqual(EXCHANGE_LIMITS);
  const submitted = await ask<Job>(farm.url, tenant.key, 'POST', '/jobs', jobOf(sceneId, `1-${frames}`));
  const leases = () =>
    farm.services.store.db
      .selectFrom('attempts as a')
      .innerJoin('tasks as t', 't.id', 'a.task_id')
      .select(['a.id as attemptId', 'a.lease_token as leaseToken'])
      .where('a.worker_id', '=', registration.workerId)
      .where('t.job_id', '=', submitted.id)
      .orderBy('t.index')
      .execute();
  const held = await until(leases, (rows) => rows.length === frames);
  return {
    held,
    secret: registration.workerSecret,
    job: () => ask<Job>(farm.url, tenant.key, 'GET', `/jobs/${submitted.id}`),
    leave: async () => {
      await ask(farm.url, tenant.key, 'POST', `/jobs/${submitted.id}/cancel`).catch(() => {});
      await leave(registration);
    },
  };
}

async function leave({ workerSecret }: Registration): Promise<void> {
  const headers = { authorization: `Bearer ${workerSecret}` };
  await fetch(`${farm.url}/api/v1${WORKER_ROUTES.goodbye.path}`, { method: 'POST', headers });
}

interface Given {
  readonly held: readonly ClaimItem[];
  readonly secret: string;
  readonly job: () => Promise<Job>;
  readonly leave: () => Promise<void>;
}

interface Frame {
  readonly item: FrameItem;
  readonly bytes: Buffer;
}

function frameOf(key: ClaimItem, frameNumber: number, text = `frame ${frameNumber}`): Frame {
  const bytes = Buffer.from(text);
  const stage = { startedAtMs: Date.now(), durationMs: 1 };
  const result: FrameResult = {
    sha256: sha256Of(bytes),
    sizeBytes: bytes.length,
    stages: { draw: stage, encode: stage },
    statistics: null,
  };
  return { item: { ...key, frameNumber, mediaType: 'image/png', result }, bytes };
}

function bodyOf(claims: readonly unknown[], frames: readonly { item: unknown; bytes: Buffer }[]): Buffer {
  const json = Buffer.from(JSON.stringify({ claims, frames: frames.map(({ item }) => item) }));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(json.length);
  return Buffer.concat([size, json, ...frames.map(({ bytes }) => bytes)]);
}

function post(secret: string, body: Buffer): Promise<Response> {
  const headers = { authorization: `Bearer ${secret}`, 'content-type': EXCHANGE_MEDIA_TYPE };
  const { method, path } = WORKER_ROUTES.exchange;
  return fetch(`${farm.url}/api/v1${path}`, { method, headers, body: new Uint8Array(body) });
}

async function exchange(
  secret: string,
  claims: readonly unknown[],
  frames: readonly { item: unknown; bytes: Buffer }[] = [],
): Promise<ExchangeAnswer> {
  const response = await post(secret, bodyOf(claims, frames));
  expect(response.status).toBe(200);
  return parse(ExchangeAnswer, await response.json(), 'the answer');
}

/** What became of each item: the code of its error, or what it was answered. */
const outcomes = (items: ExchangeAnswer['claims'] | ExchangeAnswer['frames']) =>
  items.map((item) =>
    'error' in item ? item.error.code : 'taskDone' in item ? item.taskDone : item.assignment.attemptId,
  );

const refusal = async (response: Response) => [
  response.status,
  parse(ErrorBody, await response.json(), 'the error').error.code,
];

test('[WK24] claims are answered one by one, and a scene is told once', async () => {
  const { held, secret, leave: end } = await given('claims', 4);
  const [a, b, c] = held;
  const answer = await exchange(secret, [
    a,
    { ...b, leaseToken: 'wrong' },
    { attemptId: 'nonsense', leaseToken: 'x' },
    { attemptId: makeId('attempt'), leaseToken: 'x' },
    c,
    'nonsense',
  ]);
  expect(outcomes(answer.claims)).toEqual([
    a?.attemptId,
    'resource.not_found',
    'request.invalid',
    'resource.not_found',
    c?.attemptId,
    'request.invalid',
  ]);
  expect(answer.scenes).toHaveLength(1);
  expect(answer.frames).toEqual([]);
  const other = await register('another');
  expect(outcomes((await exchange(other.workerSecret, [b])).claims)).toEqual(['resource.not_found']);
  await leave(other);
  const running = await farm.services.store.db
    .selectFrom('attempts')
    .select('id')
    .where(
      'id',
      'in',
      held.map(({ attemptId }) => attemptId),
    )
    .where('state', '=', 'running')
    .execute();
  expect(running.map(({ id }) => id).sort()).toEqual([a?.attemptId, c?.attemptId].sort());
  // The answer may have been lost.
  expect(outcomes((await exchange(secret, [a, c])).claims)).toEqual([a?.attemptId, c?.attemptId]);
  await end();
});

test('[WK24] frames are taken one by one, and one that is damaged or late fails alone', async () => {
  const { held, secret, job, leave: end } = await given('frames', 6);
  expect(outcomes((await exchange(secret, held)).claims)).toEqual(held.map(({ attemptId }) => attemptId));
  const [a, b, c, d, e, f] = held.map((key, place) => frameOf(key, place + 1));
  if (!a || !b || !c || !d || !e || !f) throw new Error('six frames were expected');
  await farm.services.store.db
    .updateTable('attempts')
    .set({ state: 'lost', ended_at: new Date() })
    .where('id', '=', e.item.attemptId)
    .execute();
  const sent = [
    a,
    { ...b, bytes: Buffer.from('Frame 2') },
    { item: { ...c.item, result: { ...c.item.result, sha256: 'nonsense' } }, bytes: c.bytes },
    { item: { ...d.item, mediaType: 'image/webp' }, bytes: d.bytes },
    e,
    { item: { ...f.item, frameNumber: 99 }, bytes: f.bytes },
    f,
  ];
  const { frames } = await exchange(secret, [], sent);
  expect(outcomes(frames)).toEqual([
    true,
    'upload.hash_mismatch',
    'request.invalid',
    'request.unsupported_media_type',
    'attempt.stale',
    'request.invalid',
    true,
  ]);
  expect((await job()).framesDone).toBe(2);
  for (const { item, bytes } of [a, f]) expect(await readAll(farm.services.objects, item.result.sha256)).toEqual(bytes);
  expect(await farm.services.objects.has(b.item.result.sha256)).toBe(false);

  // [WK7] Sent again, as when the answer was lost, beside what was not taken; and other bytes for what is recorded.
  const again = await exchange(secret, [], [a, f, b, c, d, frameOf(a.item, 1, 'other bytes')]);
  expect(outcomes(again.frames)).toEqual([true, true, true, true, true, 'attempt.stale']);
  expect((await job()).framesDone).toBe(5);
  await end();
});

test('[WK24] claims of the next frames go with the results of those before', async () => {
  const { held, secret, job, leave: end } = await given('both', 4);
  await exchange(secret, held.slice(0, 2));
  const frames = held.slice(0, 2).map((key, place) => frameOf(key, place + 1));
  const answer = await exchange(secret, held.slice(2), frames);
  expect(outcomes(answer.claims)).toEqual(held.slice(2).map(({ attemptId }) => attemptId));
  expect(outcomes(answer.frames)).toEqual([true, true]);
  await exchange(
    secret,
    [],
    held.slice(2).map((key, place) => frameOf(key, place + 3)),
  );
  await expect.poll(async () => (await job()).state, { timeout: 60_000 }).toBe('succeeded');
  await end();
});

test('[WK24] two frames of one attempt in one request are recorded once', async () => {
  const { held, secret, job, leave: end } = await given('twice', 1);
  const [key] = held;
  if (!key) throw new Error('an attempt was expected');
  await exchange(secret, [key]);
  const { frames } = await exchange(
    secret,
    [],
    [frameOf(key, 1, 'one'), frameOf(key, 1, 'two'), frameOf(key, 1, 'one')],
  );
  const taken = outcomes(frames);
  expect(taken.filter((outcome) => outcome === true).length).toBeGreaterThan(0);
  expect(new Set([taken[0], taken[1]])).toEqual(new Set([true, 'attempt.stale']));
  expect(taken[2]).toBe(taken[0]);
  expect((await job()).framesDone).toBe(1);
  await end();
});

test('[WK24] what is too much, or not laid out as it should be, is refused whole', async () => {
  const { held, secret, job, leave: end } = await given('limits', 1);
  const [key] = held;
  if (!key) throw new Error('an attempt was expected');
  const { claims, frames, frameBytes, bodyBytes } = EXCHANGE_LIMITS;
  const frame = frameOf(key, 1);
  const most = await exchange(
    secret,
    Array.from({ length: claims }, () => key),
  );
  expect(outcomes(most.claims)).toEqual(Array.from({ length: claims }, () => key.attemptId));
  const tooMany = bodyOf(
    Array.from({ length: claims + 1 }, () => key),
    [],
  );
  expect(await refusal(await post(secret, tooMany))).toEqual([400, 'request.invalid']);
  const tooManyFrames = bodyOf(
    [],
    Array.from({ length: frames + 1 }, () => frame),
  );
  expect(await refusal(await post(secret, tooManyFrames))).toEqual([400, 'request.invalid']);
  const large = frameOf(key, 1, 'x'.repeat(frameBytes + 1));
  expect(await refusal(await post(secret, bodyOf([], [large])))).toEqual([413, 'request.too_large']);
  expect(await refusal(await post(secret, Buffer.alloc(bodyBytes + 1)))).toEqual([413, 'request.too_large']);

  const whole = bodyOf([], [frame]);
  expect(await refusal(await post(secret, whole.subarray(0, -1)))).toEqual([400, 'request.invalid']);
  expect(await refusal(await post(secret, Buffer.concat([whole, Buffer.from('x')])))).toEqual([400, 'request.invalid']);
  expect(await refusal(await post(secret, whole.subarray(0, 3)))).toEqual([400, 'request.invalid']);
  expect(await refusal(await post(secret, Buffer.from([255, 255, 255, 255])))).toEqual([400, 'request.invalid']);
  expect(await refusal(await post(secret, Buffer.concat([Buffer.from([2, 0, 0, 0]), Buffer.from('no')])))).toEqual([
    400,
    'request.bad_json',
  ]);
  expect((await job()).framesDone).toBe(0);

  const exact = frameOf(key, 1, 'x'.repeat(frameBytes));
  expect(outcomes((await exchange(secret, [], [exact])).frames)).toEqual([true]);
  await end();
});
