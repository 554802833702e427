/** How far frames are that are being drawn. */
import { API_PREFIX, type FrameProgress, type Job } from '@kiln/shared';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  addScene,
  addTenant,
  ask,
  jobEnded,
  startFarm,
  type TestFarm,
  type TestTenant,
  until,
} from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { type Message, TestSocket } from '../socket-fixture.ts';
import { useWorkers } from '../workers-fixture.ts';

let redis: TestRedis;
let farm: TestFarm;
let tenant: TestTenant;
let other: TestTenant;
let sceneId: string;
const sockets: TestSocket[] = [];
const addWorker = useWorkers(() => farm.url);

beforeAll(async () => {
  redis = await startRedis();
  farm = await startFarm({ redisUrl: redis.url });
  tenant = await addTenant(farm, 'one');
  other = await addTenant(farm, 'other');
  sceneId = await addScene(farm, tenant.id);
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.cut();
});
afterAll(async () => {
  await farm?.stop();
  await redis?.stop();
});

async function listen({ key }: TestTenant): Promise<TestSocket> {
  const socket = new TestSocket(`${farm.url.replace('http', 'ws')}${API_PREFIX}/events`, key);
  sockets.push(socket);
  await socket.say({ type: 'hello', protocols: [1] });
  await socket.next('welcome');
  return socket;
}

const isProgress = (message: Message): message is Message & { data: FrameProgress } => message.type === 'progress';
const heard = (socket: TestSocket) => socket.messages.filter(isProgress).map(({ data }) => data);
const jobNow = ({ id }: Job) => ask<Job>(farm.url, tenant.key, 'GET', `/jobs/${id}`);
const submit = (layer: object) =>
  ask<Job>(farm.url, tenant.key, 'POST', '/jobs', {
    sceneId,
    layers: [{ size: { widthPx: 64, heightPx: 64 }, ...layer }],
  });

function gate() {
  let open = () => {};
  const held = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { held, open };
}

test('[WK20, EV9] a frame’s progress is told to its tenant and shown with its job, until the frame is there', async () => {
  const [mine, theirs] = [await listen(tenant), await listen(other)];
  const { held, open } = gate();
  const worker = await addWorker({ identity: { slots: 1 }, onFrame: () => held, heartbeatMs: 600_000 });
  const job = await submit({ frames: '7', samples: 256 });
  await until(
    async () => worker.claimed.length,
    (n) => n === 1,
  );
  const [{ attemptId = '' } = {}] = worker.claimed;
  const say = (samples: number) => {
    worker.progress = [{ attemptId, frameNumber: 7, samples }];
    return worker.heartbeat();
  };
  await say(32);
  await say(64);
  // One that was overtaken on its way takes nothing back.
  await say(48);
  const base = { jobId: job.id, layer: 'main', frameNumber: 7, samplesTotal: 256, partsDone: 0, partsTotal: 1 };
  await until(
    async () => heard(mine).length,
    (n) => n === 3,
  );
  expect(heard(mine)).toMatchObject([
    { ...base, samplesDone: 32, leftMs: null },
    { ...base, samplesDone: 64, leftMs: expect.any(Number) },
    { ...base, samplesDone: 64 },
  ]);
  expect((await jobNow(job)).progress).toMatchObject([{ ...base, samplesDone: 64 }]);
  open();
  expect(await jobEnded(farm.url, tenant.key, job.id)).toMatchObject({ state: 'succeeded' });
  // Too late: neither shown nor told.
  await say(128);
  expect(await jobNow(job)).not.toHaveProperty('progress');
  expect(heard(mine)).toHaveLength(3);
  expect(heard(theirs)).toEqual([]);
  expect(mine.messages.filter(isProgress).every(({ id }) => id === undefined)).toBe(true);
});

test('of a divided frame, what is stored and what is being drawn count by their pixels', async () => {
  const mine = await listen(tenant);
  const { held, open } = gate();
  const worker = await addWorker({
    identity: { slots: 1 },
    heartbeatMs: 600_000,
    pieceSamples: 32,
    onPiece: (_, { region, samples }) => (region.x > 0 && samples.first >= 32 ? held : undefined),
  });
  const job = await submit({ frames: '1', samples: 64, tiles: { columns: 2, rows: 1 } });
  // The left half is done, and half of the right one's samples are stored.
  const { db } = farm.services.store;
  await until(
    () => db.selectFrom('pieces').select('first_sample').execute(),
    (rows) => rows.length === 3,
  );
  const attemptId = worker.claimed.find(({ work }) => work.kind === 'piece' && work.part.region.x > 0)?.attemptId ?? '';
  worker.progress = [{ attemptId, frameNumber: 1, samples: 0 }];
  await worker.heartbeat();
  worker.progress = [{ attemptId, frameNumber: 1, samples: 48 }];
  await worker.heartbeat();
  await until(
    async () => heard(mine).length,
    (n) => n === 2,
  );
  const base = { jobId: job.id, frameNumber: 1, samplesTotal: 64, partsDone: 1, partsTotal: 2 };
  expect(heard(mine)).toMatchObject([
    { ...base, samplesDone: 48 },
    { ...base, samplesDone: 56 },
  ]);
  open();
  await jobEnded(farm.url, tenant.key, job.id);
});

test('[WK20] what is said of an attempt that is none of the worker’s is not passed on', async () => {
  const mine = await listen(tenant);
  const { held, open } = gate();
  const worker = await addWorker({ identity: { slots: 1 }, onFrame: () => held });
  const stranger = await addWorker({ identity: { slots: 1, capabilities: [] } });
  const job = await submit({ frames: '1', samples: 64 });
  await until(
    async () => worker.claimed.length,
    (n) => n === 1,
  );
  stranger.progress = [{ attemptId: worker.claimed[0]?.attemptId ?? '', frameNumber: 1, samples: 64 }];
  await stranger.heartbeat();
  expect((await jobNow(job)).progress).toEqual([]);
  expect(heard(mine)).toEqual([]);
  open();
  await jobEnded(farm.url, tenant.key, job.id);
});
