/** [LV39, WK25] A live view becomes a job, and its frame begins with what is summed of the view. */
import {
  API_PREFIX,
  type HandedRange,
  type Job,
  type JobPlan,
  LEASE_HEADER,
  PIECE_MEDIA_TYPE,
  type SessionOffer,
  type Task,
  type ViewJob,
} from '@kiln/shared';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { FakeWorker } from '../fake-worker.ts';
import {
  addScene,
  addTenant,
  ask,
  call,
  jobEnded,
  startFarm,
  type TestFarm,
  type TestTenant,
  until,
} from '../farm-fixture.ts';
import { sha256Of } from '../object-bytes.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { TestSocket } from '../socket-fixture.ts';
import { POSE, pose, SCENE, VIEW } from './live-fixture.ts';

const SAMPLES = 64;
const TILED = { ...VIEW, size: { widthPx: 64, heightPx: 32 }, samples: SAMPLES, tiles: true };

let redis: TestRedis;
let farm: TestFarm;
let tenant: TestTenant;
let sceneId: string;
let worker: FakeWorker;
const sockets: TestSocket[] = [];

beforeAll(async () => {
  redis = await startRedis();
  farm = await startFarm({ redisUrl: redis.url });
  tenant = await addTenant(farm, 'one');
  const capabilities = (['raster', 'pathtrace'] as const).map((engine) => ({ engine, backend: 'webgl' as const }));
  worker = await new FakeWorker(farm.url, { identity: { maxSessions: 30, capabilities } }).start();
});
beforeEach(async () => {
  worker.claimed.length = 0;
  sceneId = await addScene(farm, tenant.id);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.cut();
});
afterAll(async () => {
  await worker?.stop();
  await farm?.stop();
  await redis?.stop();
});

function connect(url: string, key: string): TestSocket {
  const socket = new TestSocket(url, key);
  sockets.push(socket);
  return socket;
}

interface Live {
  readonly sessionId: string;
  readonly viewer: TestSocket;
  /** The worker's end. */
  readonly drawer: TestSocket;
  readonly offer: SessionOffer;
}

/** A session that shows this view from POSE. */
async function live(view: object = {}): Promise<Live> {
  const viewer = await connect(`${farm.url.replace('http', 'ws')}${API_PREFIX}/live`, tenant.key).say({
    ...{ type: 'hello', protocols: [1], sceneId, view: { ...TILED, ...view }, codecs: ['jpeg', 'png'] },
  });
  const sessionId = String((await viewer.next('welcome')).sessionId);
  const [offer] = await until(
    async () => worker.offers.filter((one) => one.sessionId === sessionId),
    ({ length }) => length > 0,
  );
  if (!offer) throw new Error('nobody is asked');
  worker.sessions.add(sessionId);
  const drawer = connect(offer.url, worker.registration.workerSecret);
  await drawer.say({ type: 'worker-hello', protocols: [1], sessionId, token: offer.token });
  await drawer.next('start');
  await drawer.say(SCENE);
  await viewer.say(pose(1));
  await drawer.next('pose');
  return { sessionId, viewer, drawer, offer };
}

const send = ({ sessionId }: Pick<Live, 'sessionId'>, body: object = {}, key = tenant.key) =>
  call(farm.url, key, 'POST', `/sessions/${sessionId}/jobs`, body);

async function taken(session: Pick<Live, 'sessionId'>, body: object = {}): Promise<ViewJob> {
  const { status, body: answer } = await send(session, body);
  expect(status, JSON.stringify(answer)).toBe(201);
  return answer as ViewJob;
}

/** Puts the bytes as the session's worker does. */
async function put({ sessionId, offer }: Live, text: string, more: { token?: string; type?: string } = {}) {
  const bytes = Buffer.from(text);
  const response = await fetch(`${farm.url}${API_PREFIX}/worker/sessions/${sessionId}/sums/${sha256Of(bytes)}`, {
    method: 'PUT',
    headers: {
      authorization: `Bearer ${worker.registration.workerSecret}`,
      [LEASE_HEADER]: more.token ?? offer.token,
      'content-type': more.type ?? PIECE_MEDIA_TYPE,
    },
    body: new Uint8Array(bytes),
  });
  return response.status;
}

/** Hands over sums of so many samples each, one after the other; their text says which. */
async function handOver(session: Live, counts: readonly number[], more: object = {}): Promise<void> {
  const asked = await session.drawer.next('hand-over');
  await session.drawer.say({ type: 'sums', id: asked.id, over: false, ranges: [] });
  const ranges: HandedRange[] = [];
  let first = 0;
  for (const count of counts) {
    const text = `<${first}+${count}>`;
    expect(await put(session, text)).toBe(200);
    const bytes = Buffer.from(text);
    ranges.push({ samples: { first, count }, sha256: sha256Of(bytes), sizeBytes: bytes.length });
    first += count;
  }
  await session.drawer.say({ type: 'sums', id: asked.id, over: true, ranges, backend: 'webgl', ...more });
}

const ended = (job: Job) => jobEnded(farm.url, tenant.key, job.id);
const tasksOf = async ({ id }: Job) =>
  (await ask<{ items: Task[] }>(farm.url, tenant.key, 'GET', `/jobs/${id}/tasks`)).items;

test('[LV39] the job is what the view shows, and goes on from the samples that it has', async () => {
  const session = await live({ clip: 'Walk', fps: 30, frameNumber: 7, exposureEv: 1, environment: 'studio' });
  const sent = taken(session, { name: 'of a view', priority: 70, format: 'png', bitDepth: 16 });
  await handOver(session, [32, 16]);
  const { job, reusedSamples, notReused } = await sent;
  expect({ reusedSamples, notReused }).toEqual({ reusedSamples: 48, notReused: null });
  expect(job).toMatchObject({ name: 'of a view', priority: 70, reusedSamples: 48, frameCount: 1 });
  expect(job.adapterClass).toBe(worker.identity.adapterClass);
  expect(job.layers[0]).toMatchObject({ frames: '7' });
  expect(job.layers[0]?.settings).toMatchObject({
    ...{ camera: POSE, size: TILED.size, samples: SAMPLES, clip: 'Walk', fps: 30, exposureEv: 1, bitDepth: 16 },
  });
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 1, reusedSamples: 48 });
  const [piece, assembly] = ['piece', 'assemble'].map((kind) => worker.claimed.find(({ work }) => work.kind === kind));
  expect(piece?.work).toMatchObject({ begun: null, part: { samples: { first: 48, count: 16 } } });
  expect(assembly?.work).toMatchObject({
    sums: [{ samples: { first: 0, count: 32 }, backend: 'webgl' }, {}, { samples: { first: 48, count: 16 } }],
  });
  const part = (await tasksOf(job)).find(({ kind }) => kind === 'render');
  expect(part?.attempts).toMatchObject([{ resumedFromSample: 48 }]);
  // Nobody needs the sums any more.
  expect(await farm.services.store.db.selectFrom('pieces').selectAll().execute()).toEqual([]);
});

test('[LV39] a block that the view has begun is gone on with', async () => {
  const session = await live();
  const sent = taken(session);
  await handOver(session, [16, 5]);
  const { job, reusedSamples } = await sent;
  expect(reusedSamples).toBe(21);
  expect(await ended(job)).toMatchObject({ state: 'succeeded' });
  const { work } = worker.claimed.find((claimed) => claimed.work.kind === 'piece') ?? {};
  expect(work).toMatchObject({
    begun: { samples: { first: 16, count: 5 } },
    part: { samples: { first: 16, count: 48 } },
  });
});

test('[LV39] of a view that is whole nothing is drawn: the frame is made of its sums', async () => {
  const session = await live();
  const sent = taken(session);
  await handOver(session, [64]);
  const { job, reusedSamples } = await sent;
  expect(reusedSamples).toBe(64);
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 1 });
  expect(worker.claimed.map(({ work }) => work.kind)).toEqual(['assemble']);
  const tasks = await tasksOf(job);
  expect(tasks.map(({ kind, state, attempts }) => [kind, state, attempts.length]).sort()).toEqual([
    ['assemble', 'succeeded', 1],
    ['render', 'succeeded', 0],
  ]);
  // What others will take is not told by such a frame.
  const request = { sceneId, layers: [{ ...job.layers[0]?.settings, frames: '0' }] };
  const planned = () => ask<JobPlan>(farm.url, tenant.key, 'POST', '/job-plans', request);
  expect((await planned()).estimate).toBeNull();
  const own = await ask<Job>(farm.url, tenant.key, 'POST', '/jobs', request);
  expect(await ended(own)).toMatchObject({ state: 'succeeded' });
  expect((await planned()).estimate).not.toBeNull();
  worker.claimed.length = 1;
  // Drawn anew, it is drawn by the farm.
  await ask(farm.url, tenant.key, 'POST', `/jobs/${job.id}/retry`, { frames: '0', done: true });
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 1 });
  expect(worker.claimed.map(({ work }) => work.kind)).toEqual(['assemble', 'piece', 'assemble']);
});

test('[LV39] noise that has ended the view has ended its frame', async () => {
  const session = await live({ engine: 'pathtrace', noiseThreshold: 0.1 });
  const sent = taken(session);
  const bytes = Buffer.from('<0+16>');
  const range = { samples: { first: 0, count: 16 }, sha256: sha256Of(bytes), sizeBytes: bytes.length };
  await handOver(session, [16], { ranges: [{ ...range, noise: 0.05, endedBy: 'noise' }] });
  const { job, reusedSamples } = await sent;
  expect(reusedSamples).toBe(16);
  expect(await ended(job)).toMatchObject({ state: 'succeeded' });
  expect(worker.claimed.map(({ work }) => work)).toMatchObject([
    { kind: 'assemble', sums: [{ endedBy: 'noise', noise: 0.05 }] },
  ]);
});

test.each([
  ['another size', { size: { widthPx: 128, heightPx: 64 } }, {}],
  ['a moment between two frames', {}, { frameNumber: 2.5 }],
  ['linear light upon the neutral background', { format: 'exr' }, {}],
  ['a view that is not refined', {}, { tiles: false }],
] as const)('[LV39] the worker is not asked for samples of %s', async (_what, body, view) => {
  const session = await live(view);
  const { job, ...reuse } = await taken(session, body);
  expect(reuse).toEqual({ reusedSamples: 0, notReused: 'other-picture' });
  expect(await ended(job)).toMatchObject({ state: 'succeeded', reusedSamples: 0 });
  expect(worker.claimed.map(({ work }) => work.kind)).toEqual(['render']);
});

test('[LV39] the frame is drawn from its first sample where there is nothing, or nothing of use', async () => {
  const session = await live();
  const none = taken(session);
  await handOver(session, []);
  expect(await none).toMatchObject({ reusedSamples: 0, notReused: 'not-drawn' });

  const full = taken(session);
  await handOver(session, [], { fault: 'no room' });
  expect(await full).toMatchObject({ reusedSamples: 0, notReused: 'not-stored' });

  for (const counts of [
    [20, 12],
    [48, 48],
    [5, 16],
  ]) {
    const odd = taken(session);
    await handOver(session, counts);
    expect(await odd, counts.join()).toMatchObject({ reusedSamples: 0, notReused: 'not-stored' });
  }

  const lost = taken(session);
  const range = { samples: { first: 0, count: 16 }, sha256: '0'.repeat(64), sizeBytes: 5 };
  await handOver(session, [16], { ranges: [range] });
  const { job, ...reuse } = await lost;
  expect(reuse).toEqual({ reusedSamples: 0, notReused: 'not-stored' });
  expect(await ended(job)).toMatchObject({ state: 'succeeded' });
});

test('[LV39] a worker that says nothing, or goes meanwhile, holds up no job for long', async () => {
  const session = await live();
  expect(await taken(session)).toMatchObject({ reusedSamples: 0, notReused: 'no-worker' });
  const sent = taken(session);
  const asked = await session.drawer.next(({ type, id }) => type === 'hand-over' && id === 2);
  await session.drawer.say({ type: 'sums', id: asked.id, over: false, ranges: [] });
  expect(await send(session)).toMatchObject({ status: 429, body: { error: { code: 'request.too_many' } } });
  session.drawer.cut();
  expect(await sent).toMatchObject({ reusedSamples: 0, notReused: 'no-worker' });
});

test('[LV39] what a worker drew that is suspended by then is not taken', async () => {
  const session = await live();
  const sent = taken(session);
  await farm.services.store.db.updateTable('workers').set({ canary_due: true }).execute();
  await handOver(session, [16]);
  expect(await sent).toMatchObject({ reusedSamples: 0, notReused: 'not-stored' });
  await farm.services.store.db.updateTable('workers').set({ canary_due: false }).execute();
});

test('a job is made once for each key, whatever the view shows by then', async () => {
  const session = await live();
  const sent = taken(session, { idempotencyKey: 'once' });
  await handOver(session, [16]);
  const { job } = await sent;
  await session.viewer.say({ ...pose(2), pose: { ...POSE, position: [9, 9, 9] } });
  expect(await taken(session, { idempotencyKey: 'once' })).toMatchObject({
    ...{ job: { id: job.id }, reusedSamples: 0, notReused: 'known-job' },
  });
  expect(await send(session, { idempotencyKey: 'once', samples: 32 })).toMatchObject({ status: 409 });
});

test('only an identity of the tenant makes jobs of a session, and only of one that is open and shows something', async () => {
  const session = await live();
  const other = await addTenant(farm, 'other');
  expect(await send(session, {}, other.key)).toMatchObject({
    status: 404,
    body: { error: { code: 'resource.not_found' } },
  });
  expect((await send(session, {}, 'no key')).status).toBe(401);
  const token = await ask<{ token: string }>(farm.url, tenant.key, 'POST', '/tokens', {
    ...{ sceneIds: [sceneId], access: 'drive', ttlSec: 600, origins: ['*'] },
  });
  expect((await send(session, {}, token.token)).status).toBe(401);
  expect((await send(session, { camera: 'auto' })).status).toBe(400);
  const still = await connect(`${farm.url.replace('http', 'ws')}${API_PREFIX}/live`, tenant.key).say({
    ...{ type: 'hello', protocols: [1], sceneId, view: TILED, codecs: ['jpeg'] },
  });
  const { sessionId } = await still.next('welcome');
  expect(await send({ sessionId: String(sessionId) })).toMatchObject({
    status: 409,
    body: { error: { code: 'resource.conflict' } },
  });
  await session.viewer.say({ type: 'bye' });
  await session.viewer.closed;
  expect((await send(session)).status).toBe(404);
});

test('[WK25] sums are taken of the worker of an open session only, and only as what they are', async () => {
  const session = await live();
  expect(await put(session, 'a', { token: 'another' })).toBe(404);
  expect(await put(session, 'a', { type: 'image/png' })).toBe(415);
  expect(await put({ ...session, sessionId: 'ses_00000000000000000000' }, 'a')).toBe(404);
  expect(await put(session, 'a')).toBe(200);
  await session.viewer.say({ type: 'bye' });
  await session.viewer.closed;
  await until(
    () => put(session, 'a'),
    (status) => status === 404,
  );
});
