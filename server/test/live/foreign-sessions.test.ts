/** [WS9] Who knows the id of another tenant's session, and even what resumes it, finds nothing, and changes nothing. */
import { API_PREFIX, type Session, type SessionOffer, type TokenCreated } from '@kiln/shared';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { FakeWorker } from '../fake-worker.ts';
import { addScene, addTenant, ask, call, startFarm, type TestFarm, type TestTenant, until } from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { TestSocket } from '../socket-fixture.ts';
import { ask as askAt, picked, picture, pose, SCENE, sequenceOf, VIEW } from './live-fixture.ts';

let redis: TestRedis;
let farm: TestFarm;
let worker: FakeWorker;
/** Whose session it is, and who would have it. */
let owner: TestTenant;
let stranger: TestTenant;
let ownScene: string;
let strangeScene: string;
let sockets: TestSocket[] = [];
let driver: TestSocket;
let drawer: TestSocket;
let sessionId: string;
let resumeToken: string;

const NOT_FOUND = { code: 4404, reason: 'resource.not_found' };

beforeAll(async () => {
  redis = await startRedis();
  farm = await startFarm({ redisUrl: redis.url, timing: { liveLeaseMs: 600_000, findWorkerMs: 600_000 } });
  [owner, stranger] = [await addTenant(farm, 'owner'), await addTenant(farm, 'stranger')];
  [ownScene, strangeScene] = [await addScene(farm, owner.id), await addScene(farm, stranger.id)];
  worker = await new FakeWorker(farm.url, { identity: { maxSessions: 100 } }).start();
});
beforeEach(async () => {
  driver = await view(owner.key, { sceneId: ownScene });
  const welcome = await driver.next('welcome');
  sessionId = String(welcome.sessionId);
  resumeToken = String(welcome.resumeToken);
  drawer = await drawerOf(sessionId);
});
afterEach(async () => {
  // Whatever was tried, the session is as it was.
  await driver.say(pose(1_000));
  expect(await drawer.next(({ type, input }) => type === 'pose' && input === 1_000)).toEqual(pose(1_000));
  await drawer.say(Buffer.from(picture(1, 1_000)));
  expect((await driver.drawn(({ length }) => length === 1)).map(sequenceOf)).toEqual([1]);
  expect(driver.messages.filter(({ type }) => type === 'viewers')).toEqual([]);
  for (const socket of sockets) {
    if (socket.socket.readyState === socket.socket.OPEN) await socket.say({ type: 'bye' });
    socket.cut();
  }
  sockets = [];
});
afterAll(async () => {
  await worker?.stop();
  await farm?.stop();
  await redis?.stop();
});

function connect(url: string, key: string | null, origin: string | null = null): TestSocket {
  const socket = new TestSocket(url, key, origin);
  sockets.push(socket);
  return socket;
}

const view = (key: string | null, more: object, origin: string | null = null) =>
  connect(`${farm.url.replace('http', 'ws')}${API_PREFIX}/live`, key, origin).say({
    ...{ type: 'hello', protocols: [1], view: VIEW, codecs: ['jpeg'] },
    ...more,
  });

async function drawerOf(id: string): Promise<TestSocket> {
  const [offer] = await until<SessionOffer[]>(
    async () => worker.offers.filter((one) => one.sessionId === id),
    ({ length }) => length > 0,
  );
  worker.sessions.add(id);
  const socket = connect(offer?.url ?? '', worker.registration.workerSecret);
  await socket.say({ type: 'worker-hello', protocols: [1], sessionId: id, token: offer?.token });
  await socket.next('start');
  return socket.say(SCENE);
}

const makeToken = () =>
  ask<TokenCreated>(farm.url, stranger.key, 'POST', '/tokens', { sceneIds: [strangeScene], origins: ['*'] });

test('[LV31, WS9] watches nothing, by its own scene or by that of the session, by key or by token', async () => {
  const join = { sessionId };
  for (const sceneId of [ownScene, strangeScene]) {
    expect(await (await view(stranger.key, { sceneId, join })).closed).toEqual(NOT_FOUND);
  }
  const { token } = await makeToken();
  expect(await (await view(null, { sceneId: strangeScene, token, join })).closed).toEqual(NOT_FOUND);
  const forbidden = { code: 4403, reason: 'identity.forbidden' };
  expect(await (await view(null, { sceneId: ownScene, token, join })).closed).toEqual(forbidden);
  // As it would be for an id that nobody ever had: nothing tells one from the other.
  const nobody = { sessionId: 'ses_00000000000000000000' };
  expect(await (await view(stranger.key, { sceneId: strangeScene, join: nobody })).closed).toEqual(NOT_FOUND);
});

test('[LV13, LV42, WS9] resumes nothing, not with what resumes it, nor as if another server had passed it on', async () => {
  const resume = { sessionId, token: resumeToken };
  expect(await (await view(stranger.key, { sceneId: ownScene, resume })).closed).toEqual(NOT_FOUND);
  expect(await (await view(stranger.key, { sceneId: strangeScene, resume, join: { sessionId } })).closed).toEqual(
    NOT_FOUND,
  );
  const own = await view(stranger.key, { sceneId: strangeScene, resume });
  const welcome = await own.next('welcome');
  expect(welcome).toMatchObject({ resumed: false });
  expect(welcome.sessionId).not.toBe(sessionId);
  const { token } = await makeToken();
  const guest = await view(null, { sceneId: strangeScene, token, resume });
  expect(await guest.next('welcome')).toMatchObject({
    resumed: false,
    sessionId: expect.not.stringMatching(sessionId),
  });
  // A token of the same tenant did not open it either.
  const ours = await ask<TokenCreated>(farm.url, owner.key, 'POST', '/tokens', {
    ...{ sceneIds: [ownScene], origins: ['*'] },
  });
  const other = await view(null, { sceneId: ownScene, token: ours.token, resume });
  expect(await other.next('welcome')).toMatchObject({
    resumed: false,
    sessionId: expect.not.stringMatching(sessionId),
  });
});

test('[LV37, WS9] asks of its own picture only, and hears no answer that is for others', async () => {
  const theirs = await view(stranger.key, { sceneId: strangeScene });
  const id = String((await theirs.next('welcome')).sessionId);
  const theirDrawer = await drawerOf(id);
  await driver.say(askAt(1));
  const { request } = await drawer.next('pick');
  // Its worker answers what it was not asked.
  await theirDrawer.say(picked(Number(request)));
  await theirDrawer.say({ type: 'state', state: 'live', message: 'settled', progress: null });
  await theirs.next(({ message }) => message === 'settled');
  expect([driver, theirs].flatMap(({ messages }) => messages).filter(({ type }) => type === 'picked')).toEqual([]);
  await drawer.say(picked(Number(request)));
  expect(await driver.next('picked')).toEqual(picked(1));
});

test('[LV39, WS9] makes no job of it, lists it nowhere, and what it records is its own', async () => {
  const send = (id: string) => call(farm.url, stranger.key, 'POST', `/sessions/${id}/jobs`, { name: 'not mine' });
  const missing = { status: 404, body: { error: { code: 'resource.not_found' } } };
  expect(await send(sessionId)).toMatchObject(missing);
  expect(await send('ses_00000000000000000000')).toMatchObject(missing);
  const { items } = await ask<{ items: Session[] }>(farm.url, stranger.key, 'GET', '/sessions');
  expect(items.map(({ id }) => id)).not.toContain(sessionId);
  // A recording is of what a viewer is told: of poses, views and pictures of the session that it is in.
  const theirs = await view(stranger.key, { sceneId: strangeScene });
  await theirs.next('welcome');
  await driver.say(pose(1));
  await drawer.next('pose');
  await driver.say({ type: 'view', input: 2, view: { ...VIEW, exposureEv: 2 } });
  await drawer.next('view');
  expect(theirs.messages.filter(({ type }) => type.startsWith('driver-'))).toEqual([]);
  expect(theirs.pictures).toEqual([]);
});
