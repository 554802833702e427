import { API_PREFIX, decodePicture, ERRORS, LIMITS, type Session, type SessionOffer } from '@kiln/shared';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FakeWorker } from '../fake-worker.ts';
import { addScene, addTenant, ask, startFarm, type TestFarm, type TestTenant, until } from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { type Message, TestSocket } from '../socket-fixture.ts';
import { ack, POSE, picture, pose, SCENE, sequenceOf, VIEW } from './live-fixture.ts';

let redis: TestRedis;
let farm: TestFarm;
let tenant: TestTenant;
let sceneId: string;
let worker: FakeWorker;
let sockets: TestSocket[] = [];
let workers: FakeWorker[] = [];

beforeAll(async () => {
  redis = await startRedis();
  // Nobody waits for these to end: they are for tests that end sessions otherwise.
  farm = await startFarm({ redisUrl: redis.url, timing: { liveLeaseMs: 600_000, findWorkerMs: 600_000 } });
  tenant = await addTenant(farm, 'one');
  sceneId = await addScene(farm, tenant.id);
});
beforeEach(async () => {
  worker = await addWorker();
});
afterEach(async () => {
  for (const socket of sockets) {
    // A session ends with its viewer's goodbye; one that was only cut off would look for a worker in the tests to come.
    if (socket.socket.readyState === socket.socket.OPEN) await socket.say({ type: 'bye' });
    socket.cut();
  }
  sockets = [];
  for (const known of workers) {
    if (!known.dead) await known.goodbye();
    await known.stop();
  }
  workers = [];
});
afterAll(async () => {
  await farm?.stop();
  await redis?.stop();
});

async function addWorker(at: TestFarm = farm): Promise<FakeWorker> {
  const added = await new FakeWorker(at.url, { identity: { maxSessions: 100 } }).start();
  workers.push(added);
  return added;
}

function connect(url: string, key: string | null): TestSocket {
  const socket = new TestSocket(url, key);
  sockets.push(socket);
  return socket;
}

const hello = (more: object = {}) => ({
  ...{ type: 'hello', protocols: [1], sceneId, view: VIEW, codecs: ['jpeg'] },
  ...more,
});
const liveUrl = (at: TestFarm) => `${at.url.replace('http', 'ws')}${API_PREFIX}/live`;
const view = (more: object = {}, key: string | null = tenant.key) => connect(liveUrl(farm), key).say(hello(more));

/** The offer that a worker got for a session. */
async function offerOf(sessionId: unknown, to: FakeWorker = worker): Promise<SessionOffer> {
  const isIt = (offer: SessionOffer) => offer.sessionId === sessionId;
  const offers = await until(
    async () => to.offers.filter(isIt),
    ({ length }) => length > 0,
  );
  const offer = offers.at(-1);
  if (offer === undefined) throw new Error('no offer');
  return offer;
}

/** A worker takes the session up; its socket has had `start`. */
async function takeUp(offer: SessionOffer, by: FakeWorker = worker): Promise<{ socket: TestSocket; start: Message }> {
  by.sessions.add(offer.sessionId);
  const socket = connect(offer.url, by.registration.workerSecret);
  await socket.say({ type: 'worker-hello', protocols: [1], sessionId: offer.sessionId, token: offer.token });
  return { socket, start: await socket.next('start') };
}

/** A viewer and a worker that draws for it. */
async function openSession() {
  const viewer = await view();
  const welcome = await viewer.next('welcome');
  const sessionId = String(welcome.sessionId);
  const { socket: drawer, start } = await takeUp(await offerOf(sessionId));
  await drawer.say(SCENE);
  await viewer.next('scene');
  return { viewer, drawer, start, sessionId, token: String(welcome.resumeToken) };
}

const stateOf = async (id: string) =>
  (await ask<{ items: Session[] }>(farm.url, tenant.key, 'GET', '/sessions')).items.find((one) => one.id === id)?.state;

describe('between a viewer and a worker', () => {
  test('[LV1, LV2, LV17, LV23] everything is passed on, pictures as they came but for the relay’s stamp', async () => {
    const viewer = await view();
    const welcome = await viewer.next('welcome');
    expect(welcome).toMatchObject({ protocol: 1, resumed: false });
    expect(await viewer.next('state')).toMatchObject({ state: 'finding-worker' });
    const { socket: drawer, start } = await takeUp(await offerOf(welcome.sessionId));
    expect(start).toEqual({
      ...{
        type: 'start',
        protocol: 1,
        view: VIEW,
        codecs: ['jpeg'],
        pose: null,
        input: 0,
        moving: false,
        countsDrawn: true,
      },
    });
    await drawer.say({ type: 'state', state: 'loading-scene', message: 'Loading', progress: 0.5 });
    expect(await viewer.next('state')).toMatchObject({ state: 'loading-scene', progress: 0.5 });
    await drawer.say(SCENE);
    expect(await viewer.next('scene')).toEqual(SCENE);

    await viewer.say(pose(1, true));
    expect(await drawer.next('pose')).toEqual(pose(1, true));
    const sent = picture(1, 1);
    await drawer.say(Buffer.from(sent));
    const [got = Buffer.alloc(0)] = await viewer.drawn(({ length }) => length === 1);
    const { relay, ...stages } = decodePicture(got).header.stages;
    expect(relay).toBeGreaterThanOrEqual(0);
    expect(stages).toMatchObject({ inputWait: 1, draw: 2, readBack: 3, encode: 4, workerQueue: 5 });
    const STAMP = [108, 112] as const;
    expect(Buffer.from(got).fill(0, ...STAMP)).toEqual(Buffer.from(sent).fill(0, ...STAMP));

    await viewer.say(ack(1));
    expect(await drawer.next('ack')).toEqual(ack(1));
    const wider = { type: 'view', input: 2, view: { ...VIEW, exposureEv: 2 } };
    await viewer.say(wider);
    expect(await drawer.next('view')).toEqual(wider);
  });

  test('[LV3] an input that is not newer than the last is ignored', async () => {
    const { viewer, drawer } = await openSession();
    for (const input of [5, 4, 5, 6]) await viewer.say(pose(input));
    await drawer.next(({ input }) => input === 6);
    const inputs = drawer.messages.filter(({ type }) => type === 'pose').map(({ input }) => input);
    expect(inputs).toEqual([5, 6]);
  });

  test('[LV22] pictures that come before the scene are dropped', async () => {
    const viewer = await view();
    const { sessionId } = await viewer.next('welcome');
    const { socket: drawer } = await takeUp(await offerOf(sessionId));
    await drawer.say(Buffer.from(picture(1, 0)));
    await drawer.say(SCENE);
    await drawer.say(Buffer.from(picture(2, 0)));
    expect((await viewer.drawn(({ length }) => length > 0)).map(sequenceOf)).toEqual([2]);
  });

  test('[LV4, LV18] a viewer that reads slowly gets the newest picture, and keeps no other waiting', async () => {
    const slow = await openSession();
    const quick = await openSession();
    const PICTURES = 60;
    slow.viewer.socket.pause();
    for (let sequence = 1; sequence <= PICTURES; sequence++) {
      await slow.drawer.say(Buffer.from(picture(sequence, 1, 1_000_000)));
      await quick.drawer.say(Buffer.from(picture(sequence, 1, 1_000)));
      await quick.viewer.drawn(({ length }) => length === sequence);
    }
    // What the worker says last arrives after its pictures.
    await slow.drawer.say({ type: 'state', state: 'live', message: 'the last', progress: null });
    slow.viewer.socket.resume();
    const got = await slow.viewer.drawn((pictures) => pictures.some((bytes) => sequenceOf(bytes) === PICTURES));
    expect(got.length).toBeLessThan(PICTURES);
    const sequences = got.map(sequenceOf);
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
    await slow.viewer.next(({ message }) => message === 'the last');
  });

  test('[LV10] control messages come all, in order, and before a picture that waits', async () => {
    const { viewer, drawer } = await openSession();
    const order: string[] = [];
    viewer.socket.on('message', (data: Buffer, isBinary) =>
      order.push(isBinary ? `picture ${sequenceOf(data)}` : String(JSON.parse(data.toString('utf8')).message)),
    );
    const COUNT = 24;
    viewer.socket.pause();
    for (let n = 1; n <= COUNT; n++) {
      await drawer.say(Buffer.from(picture(n, 1, 1_000_000)));
      await drawer.say({ type: 'state', state: 'live', message: `control ${n}`, progress: null });
    }
    // Whatever the worker says after this is heard once all of it has arrived.
    await drawer.say(Buffer.from('not a picture'));
    await drawer.closed;
    viewer.socket.resume();
    await viewer.drawn((pictures) => pictures.some((bytes) => sequenceOf(bytes) === COUNT));
    expect(order.filter((name) => name.startsWith('control'))).toEqual(
      Array.from({ length: COUNT }, (_, index) => `control ${index + 1}`),
    );
    // The one that waited was there before the last words, and comes after them.
    expect(order.indexOf(`picture ${COUNT}`)).toBeGreaterThan(order.indexOf(`control ${COUNT}`));
  });

  test('[LV9] a picture whose layout is broken closes the worker’s socket', async () => {
    const { drawer } = await openSession();
    await drawer.say(Buffer.from('not a picture'));
    expect(await drawer.closed).toEqual({ code: 4400, reason: 'protocol.violation' });
  });

  test('[WS4] a scene may be longer than a viewer’s messages, up to its own limit', async () => {
    const { viewer, drawer } = await openSession();
    const named = (bytes: number) => ({
      ...SCENE,
      cameras: [{ name: 'c'.repeat(bytes), position: [0, 0, 0], target: [0, 0, 1], fovDeg: 40 }],
    });
    await drawer.say(named(LIMITS.liveControlBytes));
    await viewer.next('scene');
    await drawer.say(named(LIMITS.liveSceneBytes));
    expect(await drawer.closed).toEqual({ code: 1009, reason: 'protocol.too_large' });
  });

  test('[LV16] an error that ends the session is told with its code', async () => {
    const { viewer, drawer, sessionId } = await openSession();
    await drawer.say({ type: 'error', code: 'render.failed', message: 'it cannot be loaded', fatal: true });
    expect(await viewer.next('error')).toMatchObject({ fatal: true, message: 'it cannot be loaded' });
    expect(await viewer.closed).toEqual({ code: ERRORS['render.failed'].close, reason: 'render.failed' });
    expect((await drawer.closed).code).toBe(1000);
    await until(
      () => stateOf(sessionId),
      (state) => state === 'ended' || state === undefined,
    );
  });
});

describe('a viewer', () => {
  test('[LV13, LV22] that reloads its page goes on in its session, on the same worker', async () => {
    const { viewer, drawer, sessionId, token } = await openSession();
    await viewer.say(pose(7));
    await drawer.next('pose');
    viewer.cut();
    await until(
      () => stateOf(sessionId),
      (state) => state === 'detached',
    );
    const again = await view({ resume: { sessionId, token } });
    const welcome = await again.next('welcome');
    expect(welcome).toMatchObject({ sessionId, resumed: true });
    expect(welcome.resumeToken).not.toBe(token);
    expect(await drawer.next('start')).toMatchObject({ pose: POSE, input: 0 });
    await drawer.say(SCENE);
    await again.next('scene');
    await again.say(pose(1));
    await drawer.next(({ input }) => input === 1);

    const spent = await view({ resume: { sessionId, token } });
    const other = await spent.next('welcome');
    expect(other).toMatchObject({ resumed: false });
    expect(other.sessionId).not.toBe(sessionId);
    expect(await stateOf(sessionId)).toBe('active');
  });

  test('[LV14] that takes a session over closes the one before', async () => {
    const { viewer, sessionId, token } = await openSession();
    const second = await view({ resume: { sessionId, token } });
    expect(await second.next('welcome')).toMatchObject({ resumed: true });
    expect(await viewer.closed).toEqual({ code: 4409, reason: 'resource.conflict' });
  });

  test('[LV15, LV24] that says goodbye ends the session, for the worker too', async () => {
    const { viewer, drawer, sessionId } = await openSession();
    await viewer.say({ type: 'bye' });
    await viewer.next('ended');
    expect((await viewer.closed).code).toBe(1000);
    expect((await drawer.closed).code).toBe(1000);
    await until(
      async () => worker.sessions.has(sessionId),
      (holds) => !holds,
    );
  });

  test('whose first poses come with its hello draws the newest of them', async () => {
    const viewer = await connect(liveUrl(farm), tenant.key).sayAtOnce(hello(), pose(1), pose(2));
    const { sessionId } = await viewer.next('welcome');
    const { start } = await takeUp(await offerOf(sessionId));
    expect(start).toMatchObject({ input: 2 });
    viewer.cut();
  });

  test('that says goodbye with its hello is welcome first', async () => {
    const viewer = await connect(liveUrl(farm), tenant.key).sayAtOnce(hello(), { type: 'bye' });
    await viewer.next('welcome');
    expect((await viewer.closed).code).toBe(1000);
  });

  test.each([
    ['[WS1] without a key', () => view({}, null), 4401, 'identity.missing'],
    [
      '[WS2] with another first message',
      () => connect(liveUrl(farm), tenant.key).say(pose(1)),
      4400,
      'protocol.violation',
    ],
    ['[WS3] with another version', () => view({ protocols: [99] }), 4426, 'protocol.version'],
    [
      '[WS9] on a scene that is not there',
      () => view({ sceneId: 'scn_00000000000000000000' }),
      4404,
      'resource.not_found',
    ],
  ])('%s is closed with the reason', async (_what, open, code, reason) => {
    const viewer = await open();
    expect(await viewer.closed).toEqual({ code, reason });
    expect(viewer.messages).toMatchObject([{ type: 'error', code: reason, fatal: true }]);
  });

  test('[WS9] of another tenant finds neither the scene nor the session', async () => {
    const { sessionId, token } = await openSession();
    const other = await addTenant(farm, 'other');
    for (const more of [{}, { resume: { sessionId, token } }]) {
      const viewer = await view(more, other.key);
      expect(await viewer.closed).toEqual({ code: 4404, reason: 'resource.not_found' });
    }
    expect(await stateOf(sessionId)).toBe('active');
  });

  test('[LV1] of a scene that is not ready may come back', async () => {
    await worker.vanish();
    const viewer = await view({ sceneId: await addScene(farm, tenant.id, 'importing') });
    expect(await viewer.closed).toEqual({ code: 4409, reason: 'scene.not_ready' });
  });

  test('[LV11] that sends a binary message is closed', async () => {
    const { viewer } = await openSession();
    await viewer.say(Buffer.from('x'));
    expect(await viewer.closed).toEqual({ code: 4400, reason: 'protocol.violation' });
  });
});

describe('a worker', () => {
  test('[LV2, LV21] that is lost is told to the viewer, and another goes on where it was', async () => {
    const { viewer, drawer, sessionId } = await openSession();
    await viewer.say(pose(3));
    await drawer.next('pose');
    const second = await addWorker();
    await worker.vanish();
    drawer.cut();
    await viewer.next(({ state }) => state === 'worker-lost');
    await viewer.next(({ state }) => state === 'finding-worker');
    const { socket, start } = await takeUp(await offerOf(sessionId, second), second);
    expect(start).toMatchObject({ pose: POSE, input: 3 });
    await socket.say(SCENE);
    await viewer.next('scene');
    await socket.say(Buffer.from(picture(1, 3)));
    await viewer.drawn((pictures) => pictures.some((bytes) => decodePicture(bytes).header.input === 3));
  });

  test('[WK13] that says goodbye gives its sessions to another at once', async () => {
    const { viewer, drawer, sessionId } = await openSession();
    const second = await addWorker();
    await worker.goodbye();
    await worker.stop();
    await drawer.closed;
    await viewer.next(({ state }) => state === 'worker-lost');
    await takeUp(await offerOf(sessionId, second), second);
  });

  test('[LV24] whose socket breaks may dial again with the same offer', async () => {
    const { drawer, sessionId } = await openSession();
    const offer = await offerOf(sessionId);
    drawer.cut();
    await drawer.closed;
    const { start } = await takeUp(offer);
    expect(start).toMatchObject({ type: 'start' });
  });

  test('[LV20] with a wrong token, or another worker with the right one, gets no session', async () => {
    const { sessionId } = await openSession();
    const offer = await offerOf(sessionId);
    const thief = await addWorker();
    for (const [secret, token] of [
      [worker.registration.workerSecret, 'wrong'],
      [thief.registration.workerSecret, offer.token],
    ] as const) {
      const socket = await connect(offer.url, secret).say({ type: 'worker-hello', protocols: [1], sessionId, token });
      expect(await socket.closed).toEqual({ code: 4404, reason: 'live.session_gone' });
    }
    expect((await (await connect(offer.url, 'nobody').say({ type: 'worker-hello' })).closed).code).toBeGreaterThan(
      4399,
    );
  });
});

describe('on a farm that waits for nothing', () => {
  let impatient: TestFarm;
  let key: string;
  let scene: string;
  const started: TestFarm[] = [];
  afterAll(async () => {
    for (const one of started) await one.stop();
  });

  async function start(timing: { liveLeaseMs?: number; findWorkerMs?: number }): Promise<void> {
    impatient = await startFarm({ redisUrl: redis.url, timing });
    started.push(impatient);
    const owner = await addTenant(impatient, 'one');
    key = owner.key;
    scene = await addScene(impatient, owner.id);
  }

  test('[LV2] without a worker the viewer is closed and may come back', async () => {
    await start({ findWorkerMs: 200 });
    const viewer = await connect(liveUrl(impatient), key).say(hello({ sceneId: scene }));
    expect(await viewer.closed).toEqual({ code: 4503, reason: 'live.no_worker' });
    expect(viewer.messages.map(({ type }) => type)).toEqual(['welcome', 'state', 'error']);
  });

  test('[LV15] a viewer that does not come back loses its session', async () => {
    await start({ liveLeaseMs: 200, findWorkerMs: 600_000 });
    const drawer = await addWorker(impatient);
    const viewer = await connect(liveUrl(impatient), key).say(hello({ sceneId: scene }));
    const { sessionId, resumeToken: token } = await viewer.next('welcome');
    const { socket } = await takeUp(await offerOf(sessionId, drawer), drawer);
    viewer.cut();
    expect((await socket.closed).code).toBe(1000);
    const again = await connect(liveUrl(impatient), key).say(hello({ sceneId: scene, resume: { sessionId, token } }));
    expect(await again.next('welcome')).toMatchObject({ resumed: false });
  });

  test('[WS6] a server that stops tells its viewers to come back', async () => {
    await start({});
    await addWorker(impatient);
    const viewer = await connect(liveUrl(impatient), key).say(hello({ sceneId: scene }));
    await viewer.next('welcome');
    await impatient.farm.drain();
    expect(await viewer.closed).toEqual({ code: 1012, reason: 'server.draining' });
  });
});
