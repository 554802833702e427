import { API_PREFIX, type Job, LIMITS } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SOCKET_LIMITS } from '../../src/dispatch/limits.ts';
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
import { type Message, TestSocket } from '../socket-fixture.ts';

let redis: TestRedis;
let farm: TestFarm;
let worker: FakeWorker;
let tenant: TestTenant;
let other: TestTenant;
let sceneId: string;
const sockets: TestSocket[] = [];

beforeAll(async () => {
  redis = await startRedis();
  farm = await startFarm({ redisUrl: redis.url });
  worker = await new FakeWorker(farm.url, { frameMs: 5 }).start();
  tenant = await addTenant(farm, 'one');
  other = await addTenant(farm, 'other');
  sceneId = await addScene(farm, tenant.id);
});
afterAll(async () => {
  for (const socket of sockets) socket.cut();
  await worker?.stop();
  await farm?.stop();
  await redis?.stop();
});

function connect(key: string | null): TestSocket {
  const socket = new TestSocket(`${farm.url.replace('http', 'ws')}${API_PREFIX}/events`, key);
  sockets.push(socket);
  return socket;
}

const hello = (more: object = {}) => ({ type: 'hello', protocols: [1], ...more });

async function listen(key: string, more: object = {}): Promise<{ socket: TestSocket; welcome: Message }> {
  const socket = await connect(key).say(hello(more));
  return { socket, welcome: await socket.next('welcome') };
}

const submit = (who: TestTenant, scene: string, frames: string) =>
  ask<Job>(farm.url, who.key, 'POST', '/jobs', jobOf(scene, frames));
const ended = (job: Job) => jobEnded(farm.url, tenant.key, job.id);
const isEndOf = (job: Job) => (message: Message) =>
  message.type === 'job' && dataOf(message).id === job.id && dataOf(message).state === 'succeeded';
const dataOf = ({ data }: Message) => data as { id?: string; jobId?: string; state?: string; frameNumber?: number };
const idOf = ({ id }: Message) => Number(id);
const eventsOf = (socket: TestSocket) => socket.messages.filter(({ id }) => id !== undefined);

test('[EV1, EV6] tells of a job from its submission to its end, and of each of its frames', async () => {
  const { socket, welcome } = await listen(tenant.key);
  expect(welcome).toMatchObject({ protocol: 1 });
  expect(welcome).not.toHaveProperty('missed');
  const job = await submit(tenant, sceneId, '1-5');
  const last = await socket.next(isEndOf(job));
  // What it used is told where it is asked for.
  const { layers, use: _, ...change } = await ended(job);
  expect(dataOf(last)).toEqual(change);
  const events = eventsOf(socket);
  expect(events.map(idOf).every((id, index, ids) => id > (ids[index - 1] ?? Number(welcome.cursor)))).toBe(true);
  expect(dataOf(events.find(({ type }) => type === 'job') ?? last)).toEqual({ ...job, layers });
  const frames = events.filter(({ type }) => type === 'frame').map((event) => dataOf(event).frameNumber);
  expect(new Set(frames)).toEqual(new Set([1, 2, 3, 4, 5]));
});

test('[EV6] of a job that has ended two events are kept: that of its submission, with its layers, and the last', async () => {
  const job = await submit(tenant, sceneId, '1-60');
  const end = await ended(job);
  const kept = await farm.services.store.db
    .selectFrom('events')
    .select('data')
    .where('type', '=', 'job')
    .where('job_id', '=', job.id)
    .orderBy('id')
    .execute();
  const { layers, use: _, ...change } = end;
  expect(kept.map(({ data }) => data)).toEqual([{ ...job, layers }, change]);
});

test('[EV5] a client that is cut off again and again misses no frame and gets no event twice', async () => {
  const first = await listen(tenant.key);
  let cursor = Number(first.welcome.cursor);
  const job = await submit(tenant, sceneId, '1-40');
  let { socket } = first;
  const got: Message[] = [];
  for (;;) {
    const event = await socket.next((message) => message.type === 'frame' || isEndOf(job)(message));
    const all = eventsOf(socket).filter((known) => idOf(known) <= idOf(event));
    expect(all.every((known) => idOf(known) > cursor)).toBe(true);
    got.push(...all);
    cursor = idOf(event);
    if (isEndOf(job)(event)) break;
    socket.cut();
    await socket.closed;
    ({ socket } = await listen(tenant.key, { after: cursor }));
  }
  expect(new Set(got.map(idOf)).size).toBe(got.length);
  const frames = got.flatMap((event) => (event.type === 'frame' ? [dataOf(event).frameNumber] : []));
  expect(frames.sort((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
});

test('[EV2] nothing of another tenant is told, what is for everybody is', async () => {
  const theirs = await listen(other.key);
  const mine = await listen(tenant.key);
  const job = await submit(tenant, sceneId, '1-3');
  await mine.socket.next(isEndOf(job));
  await worker.goodbye();
  await worker.register();
  await theirs.socket.next('workers');
  await mine.socket.next('workers');
  expect(eventsOf(theirs.socket).filter(({ type }) => type !== 'workers')).toEqual([]);
  const replay = await listen(other.key, { after: 0 });
  const otherJob = await submit(other, await addScene(farm, other.id), '1');
  await replay.socket.next(isEndOf(otherJob));
  expect(JSON.stringify(replay.socket.messages)).not.toContain(job.id);
});

test('[EV3] a filter lets through only what concerns the job or the scene', async () => {
  const [one, two] = [await submit(tenant, sceneId, '1'), await submit(tenant, sceneId, '1')];
  await Promise.all([ended(one), ended(two)]);
  const { socket } = await listen(tenant.key, { after: 0, jobId: one.id });
  await socket.next(isEndOf(one));
  expect(new Set(eventsOf(socket).map((event) => dataOf(event).jobId ?? dataOf(event).id))).toEqual(new Set([one.id]));
});

test('[EV5] a cursor from another history is told as missed', async () => {
  const { welcome } = await listen(tenant.key, { after: 1_000_000_000 });
  expect(welcome).toMatchObject({ missed: true });
});

test('[EV7] a client that does not read is closed and misses nothing when it comes back', async () => {
  const { socket, welcome } = await listen(tenant.key);
  socket.socket.pause();
  const EVENTS = 100;
  for (let number = 1; number <= EVENTS; number++) {
    await farm.farm.change(async (_tx, tell) => {
      const data = { jobId: 'none', layer: 'main', frameNumbers: [number], code: 'render.failed', willRetry: true };
      tell({
        type: 'frame.failed',
        tenantId: tenant.id,
        jobId: 'none',
        data: { ...data, message: 'x'.repeat(300_000) },
      });
    });
  }
  socket.socket.resume();
  await socket.closed;
  const cut = eventsOf(socket);
  expect(cut.length).toBeLessThan(EVENTS);
  const after = cut.map(idOf).at(-1) ?? Number(welcome.cursor);
  const again = await listen(tenant.key, { after });
  let got = cut.length;
  while (got < EVENTS) {
    await again.socket.next('frame.failed');
    got++;
  }
});

describe('a client is closed with the reason', () => {
  test.each([
    ['[WS1] without a key', () => null, hello(), 4401, 'identity.missing'],
    ['[WS1] with a wrong key', () => 'kiln_nobody', hello(), 4401, 'identity.missing'],
    ['[WS2] with another first message', () => tenant.key, { type: 'ping' }, 4400, 'protocol.violation'],
    [
      '[WS3] with a version that is not spoken here',
      () => tenant.key,
      hello({ protocols: [99] }),
      4426,
      'protocol.version',
    ],
    ['[WS4] with text that is no JSON', () => tenant.key, '{', 4400, 'protocol.violation'],
    ['[WS9] with a job that is not there', () => tenant.key, hello({ jobId: 'job_0' }), 4404, 'resource.not_found'],
  ])('%s', async (_what, key, message, code, reason) => {
    const socket = await connect(key()).say(message);
    expect(await socket.closed).toEqual({ code, reason });
    expect(socket.messages).toEqual([]);
  });

  test('[WS9] with another tenant’s job or scene', async () => {
    const job = await submit(tenant, sceneId, '1');
    for (const filter of [{ jobId: job.id }, { sceneId }]) {
      const socket = await connect(other.key).say(hello(filter));
      expect(await socket.closed).toEqual({ code: 4404, reason: 'resource.not_found' });
    }
  });

  test('[WS4] with a message that is too large', async () => {
    const socket = await connect(tenant.key).say(`{"x":"${'x'.repeat(LIMITS.liveControlBytes)}"}`);
    expect((await socket.closed).code).toBe(1009);
  });

  test.each([
    ['a key', () => tenant.key, 'protocol.violation', 1],
    ['no key', () => null, 'identity.missing', 0],
  ])('[EV1] when it speaks with its hello, which is answered first, with %s', async (_what, key, reason, answers) => {
    const socket = await connect(key()).sayAtOnce(hello(), hello());
    expect((await socket.closed).reason).toBe(reason);
    expect(socket.messages.filter(({ type }) => type === 'welcome')).toHaveLength(answers);
  });

  test('[WS2] when it says too much before its hello is answered', async () => {
    const many = Array.from({ length: SOCKET_LIMITS.heldMessages + 1 }, () => 'x');
    const socket = await connect(tenant.key).sayAtOnce(hello(), ...many);
    expect(await socket.closed).toEqual({ code: 4400, reason: 'protocol.violation' });
  });

  test('[EV1] when it speaks after its hello', async () => {
    const { socket } = await listen(tenant.key);
    await socket.say(hello());
    expect(await socket.closed).toMatchObject({ code: 4400 });
  });
});

test('[WS6] a server that stops says so', async () => {
  const stopping = await startFarm({ redisUrl: redis.url });
  const { key } = await addTenant(stopping, 'one');
  const socket = new TestSocket(`${stopping.url.replace('http', 'ws')}${API_PREFIX}/events`, key);
  await socket.say(hello());
  await socket.next('welcome');
  await stopping.farm.drain();
  expect(await socket.closed).toEqual({ code: 1012, reason: 'server.draining' });
  await stopping.stop();
});
