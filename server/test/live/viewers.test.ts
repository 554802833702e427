import {
  API_PREFIX,
  decodePicture,
  encodePicture,
  LIMITS,
  type LiveTraffic,
  type SessionOffer,
  type TokenCreated,
} from '@kiln/shared';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FakeWorker } from '../fake-worker.ts';
import { addScene, addTenant, ask, startFarm, type TestFarm, type TestTenant, until } from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { type Message, TestSocket } from '../socket-fixture.ts';
import {
  ack,
  ask as askAt,
  POSE,
  picked,
  picture,
  pictureHeader,
  pose,
  SCENE,
  sequenceOf,
  VIEW,
} from './live-fixture.ts';

let redis: TestRedis;
let farm: TestFarm;
let tenant: TestTenant;
let sceneId: string;
let worker: FakeWorker;
let sockets: TestSocket[] = [];

beforeAll(async () => {
  redis = await startRedis();
  // Who drives and is lost has a quarter of the lease to come back.
  farm = await startFarm({ redisUrl: redis.url, timing: { liveLeaseMs: 20_000, findWorkerMs: 600_000 } });
  tenant = await addTenant(farm, 'one');
  sceneId = await addScene(farm, tenant.id);
});
beforeEach(async () => {
  worker = await new FakeWorker(farm.url, { identity: { maxSessions: 100 } }).start();
});
afterEach(async () => {
  for (const socket of sockets) {
    if (socket.socket.readyState === socket.socket.OPEN) await socket.say({ type: 'bye' });
    socket.cut();
  }
  sockets = [];
  await worker.goodbye();
  await worker.stop();
});
afterAll(async () => {
  await farm?.stop();
  await redis?.stop();
});

function connect(url: string, key: string | null): TestSocket {
  const socket = new TestSocket(url, key);
  sockets.push(socket);
  return socket;
}

const hello = (more: object) => ({ type: 'hello', protocols: [1], sceneId, view: VIEW, codecs: ['jpeg'], ...more });
const view = (more: object = {}, key: string | null = tenant.key) =>
  connect(`${farm.url.replace('http', 'ws')}${API_PREFIX}/live`, key).say(hello(more));
const join = (sessionId: string, more: object = {}) => view({ join: { sessionId }, ...more });
const camera = (action: string, to?: number) => ({ type: 'camera', action, ...(to === undefined ? {} : { to }) });
const driverIs = (driver: number | null) => (message: Message) =>
  message.type === 'viewers' && message.driver === driver;

async function offerOf(sessionId: string): Promise<SessionOffer> {
  const [offer] = await until(
    async () => worker.offers.filter((one) => one.sessionId === sessionId),
    ({ length }) => length > 0,
  );
  if (!offer) throw new Error('no offer');
  return offer;
}

/** Somebody who drives, and a worker that draws. */
async function openSession() {
  const driver = await view();
  const welcome = await driver.next('welcome');
  const sessionId = String(welcome.sessionId);
  const offer = await offerOf(sessionId);
  worker.sessions.add(sessionId);
  const drawer = connect(offer.url, worker.registration.workerSecret);
  await drawer.say({ type: 'worker-hello', protocols: [1], sessionId, token: offer.token });
  await drawer.next('start');
  await drawer.say(SCENE);
  await driver.next('scene');
  return { driver, drawer, sessionId, token: String(welcome.resumeToken) };
}

/** And one who watches. */
async function openShared() {
  const session = await openSession();
  const watcher = await join(session.sessionId);
  const welcome = await watcher.next('welcome');
  await watcher.next('scene');
  await session.driver.next('viewers');
  await session.drawer.next('refresh');
  return { ...session, watcher, watcherToken: String(welcome.resumeToken) };
}

/** A message that is on its way behind others: those before it have arrived when it has. */
async function settled(from: TestSocket, to: TestSocket): Promise<void> {
  await from.say({ type: 'state', state: 'live', message: 'settled', progress: null });
  await to.next(({ message }) => message === 'settled');
}

const tile = (sequence: number) =>
  Buffer.from(
    encodePicture(
      { ...pictureHeader(sequence, 1), better: true, tile: { x: 0, y: 0, widthPx: 64, heightPx: 64 } },
      new Uint8Array(1_000_000),
    ),
  );

describe('a second viewer', () => {
  test('[LV31, LV32, LV34, LV35] sees at once what the first one shows, and its pictures', async () => {
    const { driver, drawer, sessionId } = await openSession();
    await driver.say(pose(1, true));
    await driver.say({ type: 'view', input: 2, view: { ...VIEW, exposureEv: 1 } });
    await drawer.next('view');
    const watcher = await join(sessionId);
    expect(await watcher.next('welcome')).toMatchObject({ sessionId, resumed: false, access: 'drive' });
    const viewers = [
      { id: 1, label: 'Viewer 1', owner: true, mayDrive: true, asks: false, away: false },
      { id: 2, label: 'Viewer 2', owner: false, mayDrive: true, asks: false, away: false },
    ];
    expect(await watcher.next('viewers')).toEqual({
      ...{ type: 'viewers', you: 2, driver: 1, mayTake: false, input: 2, viewers },
    });
    expect(await driver.next('viewers')).toMatchObject({ you: 1, driver: 1, viewers });
    expect(await watcher.next('driver-view')).toEqual({ type: 'driver-view', view: { ...VIEW, exposureEv: 1 } });
    expect(await watcher.next('driver-pose')).toEqual({ type: 'driver-pose', pose: POSE, moving: true });
    expect(await watcher.next('scene')).toEqual(SCENE);
    await drawer.next('refresh');
    await drawer.say(Buffer.from(picture(1, 2)));
    for (const one of [driver, watcher]) {
      expect((await one.drawn(({ length }) => length === 1)).map(sequenceOf)).toEqual([1]);
    }
    await driver.say(pose(3));
    expect(await watcher.next('driver-pose')).toEqual({ type: 'driver-pose', pose: POSE, moving: false });
  });

  test('[LV34, LV36] moves nothing and paces nothing, and is not closed for it', async () => {
    const { driver, drawer, watcher } = await openShared();
    await drawer.say(Buffer.from(picture(1, 0)));
    await watcher.drawn(({ length }) => length === 1);
    await watcher.say(pose(100));
    await watcher.say({ type: 'view', input: 101, view: VIEW });
    await watcher.say(ack(1));
    await watcher.say(camera('take'));
    // Refused behind those: they have arrived.
    expect(await watcher.next('error')).toMatchObject({ code: 'resource.conflict', fatal: false });
    await driver.say(pose(1));
    expect(await drawer.next(({ type }) => type !== 'refresh')).toEqual(pose(1));
    await driver.say(ack(1));
    expect(await drawer.next('ack')).toEqual(ack(1));
  });

  test('[LV36] that reads slowly costs nobody else a picture', async () => {
    const { driver, drawer, watcher } = await openShared();
    const PICTURES = 40;
    watcher.socket.pause();
    for (let sequence = 1; sequence <= PICTURES; sequence++) {
      await drawer.say(Buffer.from(picture(sequence, 1, 1_000_000)));
      await driver.drawn(({ length }) => length === sequence);
      await driver.say(ack(sequence));
      await drawer.next(({ type, picture: acked }) => type === 'ack' && acked === sequence);
    }
    watcher.socket.resume();
    const got = await watcher.drawn((pictures) => pictures.some((bytes) => sequenceOf(bytes) === PICTURES));
    expect(got.length).toBeLessThan(PICTURES);
    const operator = await addTenant(farm, 'operator', 'operator');
    const figures = await ask<LiveTraffic>(farm.url, operator.key, 'GET', '/admin/live-traffic');
    expect(figures.sessions).toBeGreaterThan(0);
    expect(figures.picturesSent).toBeGreaterThanOrEqual(PICTURES + got.length);
    expect(figures.picturesReplaced).toBeGreaterThanOrEqual(PICTURES - got.length);
    expect(figures.mostWaitingBytes).toBeGreaterThan(1_000_000);
  });

  test('[LV35] that has missed a tile gets a whole picture, which the worker is asked for', async () => {
    const { driver, drawer, watcher } = await openShared();
    await drawer.say(Buffer.from(picture(1, 1)));
    await watcher.drawn(({ length }) => length === 1);
    watcher.socket.pause();
    const TILES = 40;
    for (let sequence = 2; sequence <= TILES; sequence++) {
      await drawer.say(tile(sequence));
      await driver.drawn(({ length }) => length === sequence);
    }
    watcher.socket.resume();
    // The driver acknowledges nothing here: it is done for it, so that the worker may draw.
    await drawer.next('ack');
    await drawer.next('refresh');
    await drawer.say(tile(TILES + 1));
    await drawer.say(Buffer.from(picture(TILES + 2, 1)));
    const got = await watcher.drawn((pictures) => pictures.some((bytes) => sequenceOf(bytes) === TILES + 2));
    // Some were on their way before; behind the first that is missing there is no other tile.
    const sequences = got.map(sequenceOf);
    const missing = sequences.findIndex((sequence, index) => sequence !== index + 1);
    expect(sequences.slice(missing)).toEqual([TILES + 2]);
  });

  test('[LV36] that reads fewer codecs makes the worker begin anew with what both read', async () => {
    const driver = await view({ codecs: ['webp', 'jpeg'] });
    const sessionId = String((await driver.next('welcome')).sessionId);
    const offer = await offerOf(sessionId);
    worker.sessions.add(sessionId);
    const drawer = connect(offer.url, worker.registration.workerSecret);
    await drawer.say({ type: 'worker-hello', protocols: [1], sessionId, token: offer.token });
    expect(await drawer.next('start')).toMatchObject({ codecs: ['webp', 'jpeg'] });
    await join(sessionId, { codecs: ['png', 'jpeg'] });
    expect(await drawer.next('start')).toMatchObject({ codecs: ['jpeg'] });
    const stranger = await join(sessionId, { codecs: ['png'] });
    expect(await stranger.closed).toEqual({ code: 4400, reason: 'live.no_codec' });
  });

  test('[LV12] whose list has videos only opens, watches and resumes nothing', async () => {
    const { driver, sessionId, token } = await openSession();
    const codecs = ['vp9', 'h264'];
    for (const more of [{}, { join: { sessionId } }, { resume: { sessionId, token } }]) {
      const refused = await view({ codecs, ...more });
      expect(await refused.closed).toEqual({ code: 4400, reason: 'live.no_codec' });
      const error = { type: 'error', code: 'live.no_codec', fatal: true };
      expect(refused.messages).toMatchObject([{ ...error, message: expect.stringContaining('vp9, h264') }]);
    }
    expect(driver.socket.readyState).toBe(driver.socket.OPEN);
  });

  describe('[LV41] whose worker follows codecs', () => {
    const STILLS = ['webp', 'jpeg', 'png'];
    const whole = (sequence: number, more: object) =>
      Buffer.from(encodePicture({ ...pictureHeader(sequence, 1), ...more }, new Uint8Array(1_000)));

    async function openAlone(codecs: readonly string[]) {
      const driver = await view({ codecs });
      const sessionId = String((await driver.next('welcome')).sessionId);
      const offer = await offerOf(sessionId);
      worker.sessions.add(sessionId);
      const drawer = connect(offer.url, worker.registration.workerSecret);
      await drawer.say({ type: 'worker-hello', protocols: [1], sessionId, token: offer.token });
      await drawer.next('start');
      await drawer.say({ ...SCENE, takesCodecs: true });
      await driver.next('scene');
      return { driver, drawer, sessionId };
    }

    test('makes nobody begin anew, and gets what the others have in a picture of its own', async () => {
      const { driver, drawer, sessionId } = await openAlone(['vp9', ...STILLS]);
      await drawer.say(Buffer.from(picture(1, 1)));
      const watcher = await join(sessionId, { codecs: ['jpeg'] });
      expect(await drawer.next('codecs')).toEqual({ type: 'codecs', codecs: ['jpeg'] });
      await drawer.next('refresh');
      await drawer.say(tile(2));
      await drawer.say(whole(2, { catchUp: true, samples: 7 }));
      await drawer.say(tile(3));
      expect((await watcher.drawn(({ length }) => length === 2)).map(sequenceOf)).toEqual([2, 3]);
      expect((await driver.drawn(({ length }) => length === 3)).map(sequenceOf)).toEqual([1, 2, 3]);
      const [first] = watcher.pictures;
      expect(first && decodePicture(first).header).toMatchObject({ catchUp: true, samples: 7 });
      expect(drawer.messages.filter(({ type }) => type === 'start')).toHaveLength(1);
      // Alone again, videos may come.
      await watcher.say({ type: 'bye' });
      expect(await drawer.next('codecs')).toEqual({ type: 'codecs', codecs: ['vp9', ...STILLS] });
    });

    test('is sent nothing that it cannot read, and a whole picture behind that', async () => {
      const { driver, drawer, sessionId } = await openAlone(STILLS);
      const watcher = await join(sessionId, { codecs: ['jpeg'] });
      await drawer.next('refresh');
      // Of before the worker heard of the other codecs.
      await drawer.say(whole(1, { codec: 'webp' }));
      await drawer.say(tile(2));
      await drawer.next('refresh');
      await drawer.say(whole(2, { catchUp: true }));
      expect((await watcher.drawn(({ length }) => length === 1)).map(sequenceOf)).toEqual([2]);
      expect((await driver.drawn(({ length }) => length === 2)).map(sequenceOf)).toEqual([1, 2]);
    });
  });

  test('[LV31, WS9] finds no session of another tenant, of another scene, or one that is over', async () => {
    const { driver, sessionId } = await openSession();
    const other = await addTenant(farm, 'other');
    const theirs = await addScene(farm, other.id);
    const elsewhere = await addScene(farm, tenant.id);
    const notFound = { code: 4404, reason: 'resource.not_found' };
    expect(await (await view({ join: { sessionId }, sceneId: theirs }, other.key)).closed).toEqual(notFound);
    expect(await (await join(sessionId, { sceneId: elsewhere })).closed).toEqual(notFound);
    await driver.say({ type: 'bye' });
    await driver.closed;
    expect(await (await join(sessionId)).closed).toEqual(notFound);
  });

  test('[LV31] is one of so many', async () => {
    const { driver, sessionId } = await openSession();
    for (let others = 1; others < LIMITS.liveViewers; others++) await (await join(sessionId)).next('welcome');
    const late = await join(sessionId);
    expect(await late.closed).toEqual({ code: 4429, reason: 'request.too_many' });
    await driver.next(({ viewers }) => Array.isArray(viewers) && viewers.length === LIMITS.liveViewers);
  });
});

describe('[LV37] a question about the picture', () => {
  const failed = (request: number, code: string) => ({
    ...{ type: 'picked', request, surface: null },
    error: { code, message: expect.any(String) },
  });

  test('is answered to who asked alone, with their own number, in whatever order', async () => {
    const { driver, drawer, watcher } = await openShared();
    const from = { pose: POSE, aspect: 1.5 };
    await driver.say(askAt(1, { from }));
    const first = await drawer.next('pick');
    await watcher.say(askAt(1, { x: 0.5 }));
    const second = await drawer.next('pick');
    expect(first).toEqual({ ...askAt(1, { from }), request: first.request });
    expect(second).toEqual({ ...askAt(1, { x: 0.5 }), request: second.request });
    await drawer.say({ ...picked(Number(second.request)), surface: null });
    await drawer.say(picked(Number(first.request)));
    // Doubled, and of nobody.
    await drawer.say(picked(Number(first.request)));
    await drawer.say(picked(4_000_000_000));
    expect(await watcher.next('picked')).toEqual({ ...picked(1), surface: null });
    expect(await driver.next('picked')).toEqual(picked(1));
    await settled(drawer, driver);
    await settled(drawer, watcher);
    for (const one of [driver, watcher]) expect(one.messages.filter(({ type }) => type === 'picked')).toHaveLength(1);
  });

  test('is one of four that wait, and others wait for nobody’s', async () => {
    const { driver, drawer, watcher } = await openShared();
    for (let request = 1; request <= 5; request++) await driver.say(askAt(request));
    expect(await driver.next('picked')).toEqual(failed(5, 'request.too_many'));
    await watcher.say(askAt(9));
    const numbers: number[] = [];
    for (let i = 0; i < 5; i++) numbers.push(Number((await drawer.next('pick')).request));
    await drawer.say(picked(numbers[0] ?? 0));
    expect(await driver.next('picked')).toEqual(picked(1));
    await driver.say(askAt(6));
    await drawer.next('pick');
    await drawer.say(picked(numbers[4] ?? 0));
    expect(await watcher.next('picked')).toEqual(picked(9));
  });

  test('is answered with an error when the worker goes, and before there is one', async () => {
    const { driver, drawer, watcher } = await openShared();
    await driver.say(askAt(1));
    await watcher.say(askAt(2));
    await drawer.next('pick');
    await drawer.next('pick');
    drawer.cut();
    expect(await driver.next('picked')).toEqual(failed(1, 'live.worker_lost'));
    expect(await watcher.next('picked')).toEqual(failed(2, 'live.worker_lost'));
    await watcher.say(askAt(3));
    expect(await watcher.next('picked')).toEqual(failed(3, 'scene.not_ready'));
  });

  test('[LV29] of a token that only views is of the picture’s own camera', async () => {
    const { drawer, sessionId } = await openSession();
    const body = { sceneIds: [sceneId], origins: ['*'], access: 'view' };
    const made = await ask<TokenCreated>(farm.url, tenant.key, 'POST', '/tokens', body);
    const watcher = await view({ token: made.token, join: { sessionId } }, null);
    await watcher.next('scene');
    await watcher.say(askAt(1, { from: { pose: POSE, aspect: 1 } }));
    expect(await watcher.next('picked')).toEqual(failed(1, 'identity.forbidden'));
    await watcher.say(askAt(2));
    const { request } = await drawer.next('pick');
    await drawer.say(picked(Number(request)));
    expect(await watcher.next('picked')).toEqual(picked(2));
  });
});

describe('the camera', () => {
  test('[LV33, LV34] is asked for, given and handed back, and inputs count on', async () => {
    const { driver, drawer, watcher } = await openShared();
    await driver.say(pose(5));
    await drawer.next('pose');
    await watcher.say(camera('request'));
    const asked = await driver.next('viewers');
    expect(asked).toMatchObject({ driver: 1, viewers: [{ asks: false }, { asks: true }] });
    await driver.say(camera('give', 2));
    expect(await watcher.next(driverIs(2))).toMatchObject({ you: 2, input: 5 });
    await driver.say(pose(6));
    await driver.say(camera('give', 1));
    // What the first one still says is not the camera's any more.
    expect(await driver.next('error')).toMatchObject({ code: 'resource.conflict', fatal: false });
    await watcher.say(pose(6, true));
    expect(await drawer.next('pose')).toEqual(pose(6, true));
    expect(await driver.next('driver-pose')).toMatchObject({ moving: true });
    await watcher.say(camera('give', 1));
    await driver.next(driverIs(1));
    await driver.say(pose(7));
    expect(await drawer.next('pose')).toEqual(pose(7));
  });

  test('[LV33] is with whoever stays alone when who drives leaves, and the last one ends the session', async () => {
    const { driver, drawer, watcher } = await openShared();
    await driver.say({ type: 'bye' });
    expect((await driver.closed).code).toBe(1000);
    expect(await watcher.next(driverIs(2))).toMatchObject({ viewers: [{ id: 2 }] });
    await watcher.say(pose(1));
    expect(await drawer.next('pose')).toEqual(pose(1));
    await watcher.say({ type: 'bye' });
    await watcher.next('ended');
    expect((await drawer.closed).code).toBe(1000);
  });

  test('[LV33] of one who is lost is free after a while, and not its own when it comes back to another', async () => {
    const { driver, drawer, watcher, sessionId, token } = await openShared();
    driver.cut();
    const away = await watcher.next('viewers');
    expect(away).toMatchObject({ driver: 1, viewers: [{ away: true }, { away: false }] });
    await watcher.next(driverIs(null));
    await watcher.say(camera('take'));
    await watcher.next(driverIs(2));
    const again = await view({ resume: { sessionId, token } });
    expect(await again.next('welcome')).toMatchObject({ sessionId, resumed: true });
    expect(await again.next('viewers')).toMatchObject({ you: 1, driver: 2, mayTake: true });
    await again.say(camera('take'));
    await watcher.next(driverIs(1));
    await again.say(pose(1));
    expect(await drawer.next('pose')).toEqual(pose(1));
  });

  test('[LV13] stays with one who comes back soon; a watcher that does so still watches', async () => {
    const { driver, drawer, watcher, sessionId, token, watcherToken } = await openShared();
    await driver.say(pose(9));
    await drawer.next('pose');
    driver.cut();
    await watcher.next('viewers');
    const again = await view({ resume: { sessionId, token } });
    expect(await again.next('viewers')).toMatchObject({ you: 1, driver: 1 });
    expect(await drawer.next('start')).toMatchObject({ input: 0, pose: POSE });
    await drawer.say(SCENE);
    watcher.cut();
    const second = await view({ resume: { sessionId, token: watcherToken }, join: { sessionId } });
    expect(await second.next('welcome')).toMatchObject({ resumed: true });
    expect(await second.next('viewers')).toMatchObject({ you: 2, driver: 1 });
    await second.next('scene');
    await again.say(pose(1));
    expect(await drawer.next('pose')).toEqual(pose(1));
  });

  test('[LV13, LV29, LV31] who opened it by a token for one session resumes it, and joins it when that is too late', async () => {
    const { token } = await ask<TokenCreated>(farm.url, tenant.key, 'POST', '/tokens', {
      ...{ sceneIds: [sceneId], origins: ['*'], maxSessions: 1 },
    });
    const presenter = await view({ token }, null);
    const welcome = await presenter.next('welcome');
    const sessionId = String(welcome.sessionId);
    const audience = await join(sessionId);
    await audience.next(driverIs(1));
    const back = async (resumeToken: unknown) => {
      const resume = { sessionId, token: String(resumeToken) };
      return view({ token, resume, join: { sessionId } }, null);
    };
    presenter.cut();
    const inTime = await back(welcome.resumeToken);
    expect(await inTime.next('welcome')).toMatchObject({ resumed: true, sessionId });
    expect(await inTime.next('viewers')).toMatchObject({ you: 1, driver: 1 });
    inTime.cut();
    // What resumed it is spent, as it is when the seat is gone.
    const late = await back(welcome.resumeToken);
    expect(await late.next('welcome')).toMatchObject({ resumed: false, sessionId });
    expect(await late.next('viewers')).toMatchObject({ you: 3 });
  });

  test('[LV36] nobody waits for acknowledgements of one who is gone', async () => {
    const { driver, drawer, watcher } = await openShared();
    await drawer.say(Buffer.from(picture(1, 0)));
    await drawer.say(Buffer.from(picture(2, 0)));
    await watcher.drawn(({ length }) => length === 2);
    await watcher.say(ack(2));
    await driver.say({ type: 'bye' });
    expect(await drawer.next('ack')).toMatchObject({ picture: 2 });
    await drawer.say(Buffer.from(picture(3, 0)));
    await watcher.drawn(({ length }) => length === 3);
    await watcher.say(ack(3));
    expect(await drawer.next(({ picture: acked }) => acked === 3)).toEqual(ack(3));
  });

  test('[LV29] is not for a token that watches, which is let in until it is revoked', async () => {
    const { driver, drawer, sessionId } = await openSession();
    const made = await ask<TokenCreated>(farm.url, tenant.key, 'POST', '/tokens', {
      ...{ sceneIds: [sceneId], access: 'view', origins: ['*'] },
    });
    const watcher = await view({ join: { sessionId }, token: made.token }, null);
    expect(await watcher.next('welcome')).toMatchObject({ access: 'view' });
    expect(await watcher.next('viewers')).toMatchObject({ viewers: [{ mayDrive: true }, { mayDrive: false }] });
    await settled(drawer, watcher);
    await watcher.say(pose(1));
    await watcher.say(camera('request'));
    expect(await watcher.next('error')).toMatchObject({ code: 'identity.forbidden', fatal: false });
    await driver.say(camera('give', 2));
    expect(await driver.next('error')).toMatchObject({ code: 'identity.forbidden', fatal: false });
    await ask(farm.url, tenant.key, 'DELETE', `/tokens/${made.id}`);
    expect(await watcher.closed).toEqual({ code: 4401, reason: 'identity.missing' });
    await driver.say(pose(1));
    await drawer.next('pose');
  });

  test('[LV29] who was let in by a token that is revoked goes, also when nobody hears of it', async () => {
    const { sessionId } = await openSession();
    const made = await ask<TokenCreated>(farm.url, tenant.key, 'POST', '/tokens', {
      ...{ sceneIds: [sceneId], origins: ['*'] },
    });
    const watcher = await view({ join: { sessionId }, token: made.token }, null);
    await watcher.next('welcome');
    const { db } = farm.services.store;
    await db.updateTable('view_tokens').set({ revoked_at: new Date() }).where('id', '=', made.id).execute();
    expect(await watcher.closed).toEqual({ code: 4401, reason: 'identity.missing' });
  });
});
