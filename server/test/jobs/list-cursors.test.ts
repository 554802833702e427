/** Pages of a list begin behind something of that list. */
import { API_PREFIX, ErrorBody, parse } from '@kiln/shared';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FakeWorker } from '../fake-worker.ts';
import {
  addScene,
  addTenant,
  ask,
  jobEnded,
  jobOf,
  startFarm,
  type TestFarm,
  type TestTenant,
} from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';

interface AnyPage {
  readonly items: readonly { readonly id?: string; readonly frameNumber?: number }[];
  readonly next: string | null;
}

let redis: TestRedis;
let farm: TestFarm;
let tenant: TestTenant;
let worker: FakeWorker;
const jobIds: string[] = [];

beforeAll(async () => {
  redis = await startRedis();
  farm = await startFarm({ redisUrl: redis.url });
  tenant = await addTenant(farm, 'one');
  worker = await new FakeWorker(farm.url).start();
  const sceneId = await addScene(farm, tenant.id);
  for (let n = 0; n < 2; n++) {
    const job = await ask<{ id: string }>(farm.url, tenant.key, 'POST', '/jobs', jobOf(sceneId, '1-3'));
    jobIds.push((await jobEnded(farm.url, tenant.key, job.id)).id);
  }
});
afterAll(async () => {
  await worker?.stop();
  await farm?.stop();
  await redis?.stop();
});

const pageOf = (path: string, query: string, key = tenant.key) =>
  ask<AnyPage>(farm.url, key, 'GET', `${path}?${query}`);

async function refusalOf(path: string, cursor: string, key = tenant.key) {
  const response = await fetch(`${farm.url}${API_PREFIX}${path}?cursor=${encodeURIComponent(cursor)}`, {
    headers: { authorization: `Bearer ${key}` },
  });
  const { code, field } = parse(ErrorBody, await response.json(), 'the error').error;
  return { status: response.status, code, field };
}

const REFUSED = { status: 400, code: 'request.invalid', field: '/query/cursor' };
const [TASKS, FRAMES] = [() => `/jobs/${jobIds[0]}/tasks`, () => `/jobs/${jobIds[0]}/frames`];

test.each([
  ['jobs', () => '/jobs', 2],
  ['tasks', TASKS, 3],
  ['frames', FRAMES, 3],
])('%s come page by page, and an end is an empty page', async (_what, path, count) => {
  const seen: unknown[] = [];
  let query = 'limit=1';
  for (;;) {
    const { items, next } = await pageOf(path(), query);
    seen.push(...items.map((item) => item.id ?? item.frameNumber));
    if (next === null) break;
    query = `limit=1&cursor=${next}`;
  }
  expect(new Set(seen).size).toBe(count);
  expect(seen).toHaveLength(count);
});

test('what is no cursor, or one of another list, is refused with its place', async () => {
  const otherTasks = await pageOf(`/jobs/${jobIds[1]}/tasks`, 'limit=1');
  const otherFrames = await pageOf(`/jobs/${jobIds[1]}/frames`, 'limit=1');
  const jobs = await pageOf('/jobs', 'limit=1');
  for (const [path, cursors] of [
    ['/jobs', ['garbage', '', otherTasks.next, otherFrames.next]],
    [TASKS(), ['garbage', jobs.next, otherTasks.next]],
    [FRAMES(), ['garbage', '', '0x1', '-1', '9'.repeat(30), jobs.next, otherFrames.next]],
  ] as const) {
    for (const cursor of cursors) expect(await refusalOf(path, cursor ?? 'none'), `${path} ${cursor}`).toEqual(REFUSED);
  }
  const other = await addTenant(farm, 'other');
  expect(await refusalOf('/jobs', jobs.next ?? 'none', other.key)).toEqual(REFUSED);
});

test('jobs and tasks of some states only, page by page; what is no state is refused with its place', async () => {
  expect((await pageOf('/jobs', 'state=queued,running')).items).toEqual([]);
  const first = await pageOf('/jobs', 'state=succeeded,queued&limit=1');
  const second = await pageOf('/jobs', `state=succeeded,queued&limit=1&cursor=${first.next}`);
  expect([...first.items, ...second.items].map(({ id }) => id).sort()).toEqual([...jobIds].sort());
  expect((await pageOf(TASKS(), 'state=leased,waiting')).items).toEqual([]);
  expect((await pageOf(TASKS(), 'state=succeeded')).items).toHaveLength(3);
  const refused = await fetch(`${farm.url}${API_PREFIX}/jobs?state=done`, {
    headers: { authorization: `Bearer ${tenant.key}` },
  });
  const { error } = parse(ErrorBody, await refused.json(), 'the error');
  expect(error).toMatchObject({
    code: 'request.invalid',
    message: expect.stringMatching(/states, with commas between/),
  });
});
