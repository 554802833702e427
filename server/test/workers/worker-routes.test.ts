/** What workers' routes do with a request before, and whoever it comes from. */
import { ErrorBody, parse, type Task, WORKER_ROUTES } from '@kiln/shared';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SERVER_LIMITS } from '../../src/limits.ts';
import { FakeWorker } from '../fake-worker.ts';
import { addScene, addTenant, ask, jobEnded, jobOf, startFarm, type TestFarm, WORKER_TOKEN } from '../farm-fixture.ts';
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

const pathOf = (path: string) =>
  `${farm.url}/api/v1${path.replace(':attemptId', 'x').replace(':frameNumber', 'x').replace(':sha256', 'x')}`;

function send(method: string, path: string, token: string | null): Promise<Response> {
  return fetch(pathOf(path), {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
    },
    ...(method === 'GET' ? {} : { body: 'nonsense' }),
  });
}

const codeOf = async (response: Response) => parse(ErrorBody, await response.json(), 'the error').error.code;

test('a failure’s texts are kept with a sign for what the database cannot hold', async () => {
  const tenant = await addTenant(farm, 'texts');
  const sceneId = await addScene(farm, tenant.id);
  const worker = await new FakeWorker(farm.url, {
    identity: { name: 'nul \0 worker' },
    onFrame: () => {
      throw new Error('nul \0 and half \ud83d');
    },
  }).start();
  const submitted = await ask<{ id: string }>(farm.url, tenant.key, 'POST', '/jobs', {
    ...jobOf(sceneId, '1'),
    maxAttempts: 1,
  });
  const job = await jobEnded(farm.url, tenant.key, submitted.id);
  expect(job.error?.message).toBe('nul \ufffd and half \ufffd');
  const tasks = await ask<{ items: Task[] }>(farm.url, tenant.key, 'GET', `/jobs/${job.id}/tasks`);
  expect(tasks.items[0]?.attempts[0]?.workerName).toBe('nul \ufffd worker');
  await worker.stop();
});

test('who is no worker hears so whatever the request is', async () => {
  for (const { method, path } of Object.values(WORKER_ROUTES)) {
    expect((await send(method, path, null)).status, `${method} ${path}`).toBe(401);
  }
  expect((await send('POST', WORKER_ROUTES.register.path, 'wrong')).status).toBe(401);
  for (const { method, path } of Object.values(WORKER_ROUTES)) {
    const answer = await send(method, path, 'wrong');
    expect([answer.status, await codeOf(answer)], `${method} ${path}`).toEqual([401, 'identity.missing']);
  }
  expect(await codeOf(await send('POST', WORKER_ROUTES.register.path, WORKER_TOKEN))).toBe('request.bad_json');
});

test('a worker that has left hears that it is to register again', async () => {
  const worker = await new FakeWorker(farm.url).start();
  const secret = worker.registration.workerSecret;
  await worker.goodbye();
  await worker.stop();
  const answer = await send('POST', WORKER_ROUTES.heartbeat.path, secret);
  expect([answer.status, await codeOf(answer)]).toEqual([410, 'worker.unknown']);
});

test('who tries too many tokens has to wait, and workers do not', async () => {
  let refused = await send('POST', WORKER_ROUTES.register.path, 'wrong');
  for (let tries = 0; refused.status === 401 && tries <= SERVER_LIMITS.identityFailures.failures; tries++) {
    refused = await send('POST', WORKER_ROUTES.register.path, 'wrong');
  }
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  const worker = await new FakeWorker(farm.url).start();
  await worker.stop();
});
