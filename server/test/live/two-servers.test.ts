import { API_PREFIX, type TokenCreated } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LIVE_LIMITS } from '../../src/dispatch/limits.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { FakeWorker } from '../fake-worker.ts';
import {
  addScene,
  addTenant,
  ask,
  call,
  placeOf,
  startFarm,
  type TestFarm,
  type TestTenant,
  until,
} from '../farm-fixture.ts';
import { findPostgres, startPostgres, type TestPostgres } from '../postgres.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { TestSocket } from '../socket-fixture.ts';
import { quietLog, temporaryFolder } from '../store-fixture.ts';
import { ack, POSE, picture, pose, SCENE, sequenceOf, VIEW } from './live-fixture.ts';

const bin = await findPostgres();
/** Nobody listens there. */
const NOBODY = 'http://127.0.0.1:9';

describe.skipIf(bin === null)('two servers on one PostgreSQL and one Redis', () => {
  let postgres: TestPostgres;
  let redis: TestRedis;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let worker: FakeWorker;
  let tenant: TestTenant;
  let sceneId: string;
  const stores: Store[] = [];
  const farms: TestFarm[] = [];
  const sockets: TestSocket[] = [];

  beforeAll(async () => {
    postgres = await startPostgres(bin ?? '');
    redis = await startRedis();
    folder = await temporaryFolder();
    const databaseUrl = await postgres.createDatabase();
    for (const _ of [1, 2]) {
      const store = await openStore({ home: folder.path, databaseUrl }, quietLog);
      stores.push(store);
      farms.push(await startFarm({ redisUrl: redis.url, store, home: folder.path }));
    }
    tenant = await addTenant(farmAt(0), 'one');
    sceneId = await addScene(farmAt(0), tenant.id);
    worker = await new FakeWorker(farmAt(0).url, { identity: { maxSessions: 9 } }).start();
  });
  afterAll(async () => {
    for (const socket of sockets) socket.cut();
    await worker?.stop();
    for (const farm of farms) await farm.stop();
    for (const store of stores) await store.close();
    await postgres?.stop();
    await redis?.stop();
    await folder?.remove();
  });

  function farmAt(index: number): TestFarm {
    const farm = farms[index];
    if (!farm) throw new Error('no such farm');
    return farm;
  }

  function db(): Store['db'] {
    const [store] = stores;
    if (!store) throw new Error('no store');
    return store.db;
  }

  function connect(url: string, key: string | null): TestSocket {
    const socket = new TestSocket(url, key);
    sockets.push(socket);
    return socket;
  }

  const view = (index: number, more: object = {}, key: string | null = tenant.key) =>
    connect(`${farmAt(index).url.replace('http', 'ws')}${API_PREFIX}/live`, key).say({
      ...{ type: 'hello', protocols: [1], sceneId, view: VIEW, codecs: ['jpeg'] },
      ...more,
    });

  test('[LV31] who comes to one watches a session that the other one holds, and drives it', async () => {
    const driver = await view(0);
    const sessionId = String((await driver.next('welcome')).sessionId);
    const [offer] = await until(
      async () => worker.offers,
      ({ length }) => length > 0,
    );
    worker.sessions.add(sessionId);
    const drawer = connect(offer?.url ?? '', worker.registration.workerSecret);
    await drawer.say({ type: 'worker-hello', protocols: [1], sessionId, token: offer?.token });
    await drawer.next('start');
    await drawer.say(SCENE);
    await driver.say(pose(1));

    const watcher = await view(1, { join: { sessionId } });
    const welcome = await watcher.next('welcome');
    expect(welcome).toMatchObject({ sessionId, resumed: false });
    expect(await watcher.next('driver-pose')).toMatchObject({ pose: POSE });
    await watcher.next('scene');
    await drawer.next('refresh');
    await drawer.say(Buffer.from(picture(1, 1, 2_000_000)));
    expect((await watcher.drawn(({ length }) => length === 1)).map(sequenceOf)).toEqual([1]);
    await driver.say({ type: 'camera', action: 'give', to: 2 });
    await watcher.next((message) => message.type === 'viewers' && message.driver === 2);
    await watcher.say(pose(2, true));
    expect(await drawer.next(({ type, input }) => type === 'pose' && input === 2)).toEqual(pose(2, true));
    await watcher.say(ack(1));
    await drawer.next('ack');

    watcher.cut();
    await driver.next((message) => JSON.stringify(message).includes('"away":true'));
    const again = await view(1, { join: { sessionId }, resume: { sessionId, token: welcome.resumeToken } });
    expect(await again.next('welcome')).toMatchObject({ sessionId, resumed: true });
    await driver.say({ type: 'bye' });
    await again.say({ type: 'bye' });
    expect((await again.closed).code).toBe(1000);
  });

  test('[LV39] who asks one for a job of a session that the other one holds gets it', async () => {
    const driver = await view(0);
    const sessionId = String((await driver.next('welcome')).sessionId);
    const [offer] = await until(
      async () => worker.offers.filter((one) => one.sessionId === sessionId),
      ({ length }) => length > 0,
    );
    worker.sessions.add(sessionId);
    const drawer = connect(offer?.url ?? '', worker.registration.workerSecret);
    await drawer.say({ type: 'worker-hello', protocols: [1], sessionId, token: offer?.token });
    await drawer.next('start');
    await driver.say(pose(1));
    await drawer.next('pose');
    const send = (id: string) => call(farmAt(1).url, tenant.key, 'POST', `/sessions/${id}/jobs`, { name: 'passed on' });
    expect(await send(sessionId)).toMatchObject({
      status: 201,
      body: { job: { name: 'passed on', layers: [{ settings: { camera: POSE } }] }, notReused: 'other-picture' },
    });
    expect(await send('ses_00000000000000000000')).toMatchObject({ status: 404 });
    await driver.say({ type: 'bye' });
    await driver.closed;
    // What the other server says, it says.
    expect(await send(sessionId)).toMatchObject({ status: 404, body: { error: { code: 'resource.not_found' } } });
  });

  /** Somebody who drives at one server, somebody who watches there, and a worker that draws. */
  async function openShared(index: number) {
    const driver = await view(index);
    const welcome = await driver.next('welcome');
    const sessionId = String(welcome.sessionId);
    const { drawer } = await takeUp(sessionId, (url) => url.includes(new URL(farmAt(index).url).host));
    const watcher = await view(index, { join: { sessionId } });
    const { resumeToken } = await watcher.next('welcome');
    await watcher.next('scene');
    await drawer.next('refresh');
    return { driver, watcher, drawer, sessionId, token: welcome.resumeToken, watcherToken: resumeToken };
  }

  /** Takes up the newest offer of a session. */
  async function takeUp(sessionId: string, isFrom: (url: string) => boolean) {
    const offers = await until(
      async () => worker.offers.filter((one) => one.sessionId === sessionId && isFrom(one.url)),
      ({ length }) => length > 0,
    );
    const offer = offers.at(-1);
    worker.sessions.add(sessionId);
    const drawer = connect(offer?.url ?? '', worker.registration.workerSecret);
    await drawer.say({ type: 'worker-hello', protocols: [1], sessionId, token: offer?.token });
    const start = await drawer.next('start');
    await drawer.say(SCENE);
    return { drawer, start };
  }

  test('[LV42] who opened a session comes back by the other one, and who watches stays', async () => {
    const { driver, watcher, drawer, sessionId, token } = await openShared(0);
    driver.cut();
    await watcher.next((message) => JSON.stringify(message).includes('"away":true'));
    const again = await view(1, { resume: { sessionId, token } });
    expect(await again.next('welcome')).toMatchObject({ sessionId, resumed: true });
    await drawer.next('start');
    await drawer.say(SCENE);
    await again.say(pose(1));
    expect(await drawer.next('pose')).toEqual(pose(1));
    await watcher.next('driver-pose');
    await drawer.say(Buffer.from(picture(1, 1)));
    for (const one of [again, watcher]) {
      expect((await one.drawn(({ length }) => length === 1)).map(sequenceOf)).toEqual([1]);
    }
    // It is offered until the worker has come: never as another one.
    const offered = worker.offers.filter((one) => one.sessionId === sessionId).map((one) => one.token);
    expect(new Set(offered).size).toBe(1);
    await watcher.say({ type: 'bye' });
    await again.say({ type: 'bye' });
    await again.closed;
  });

  /** Who would watch is told to come back until the database has it. */
  const isOver = (sessionId: string) =>
    until(
      async () => (await view(1, { join: { sessionId } })).closed,
      ({ code, reason }) => code === 4404 && reason === 'resource.not_found',
    );

  /** Both are at the other server by then. */
  async function goesOn(sessionId: string, owner: TestSocket, watcher: TestSocket): Promise<void> {
    expect(await owner.next('welcome')).toMatchObject({ sessionId, resumed: true });
    expect(await watcher.next('welcome')).toMatchObject({ sessionId, resumed: true });
    const { drawer } = await takeUp(sessionId, (url) => url.includes(new URL(farmAt(1).url).host));
    await owner.say(pose(1));
    await watcher.next('driver-pose');
    await drawer.say(Buffer.from(picture(1, 1)));
    for (const one of [owner, watcher]) {
      expect((await one.drawn(({ length }) => length === 1)).map(sequenceOf)).toEqual([1]);
    }
    const told = watcher.messages.filter(({ type }) => type === 'viewers');
    expect(told.at(-1)).toMatchObject({ you: 2, driver: 1, viewers: [{ id: 1, away: false }, { id: 2 }] });
    await watcher.say({ type: 'bye' });
    await owner.say({ type: 'bye' });
    await owner.closed;
  }

  test.each([
    ['is not reached', 'unreached', () => Date.now()],
    ['has given no sign of life', 'lost', () => Date.now() - LIVE_LIMITS.serverLostMs - 1_000],
  ])(
    '[LV42] where the one that holds it %s, it goes on at the other, and who watches comes there',
    async (_, id, seenAtMs) => {
      const { driver, watcher, sessionId, token, watcherToken } = await openShared(0);
      driver.cut();
      await until(
        () => db().selectFrom('sessions').select('kept').where('id', '=', sessionId).executeTakeFirstOrThrow(),
        ({ kept }) => kept?.seats.length === 2,
      );
      await db()
        .insertInto('servers')
        .values({ id, url: NOBODY, place: id, seen_at: new Date(seenAtMs()) })
        .execute();
      await db().updateTable('sessions').set({ server_id: id }).where('id', '=', sessionId).execute();
      const owner = await view(1, { resume: { sessionId, token } });
      expect(await watcher.closed).toEqual({ code: 1012, reason: 'server.draining' });
      const resume = { sessionId, token: watcherToken };
      await goesOn(sessionId, owner, await view(1, { resume, join: { sessionId } }));
    },
  );

  test('[LV42] a server that stops leaves its sessions to the other: who watches may be there first', async () => {
    const store = stores[0];
    if (!store) throw new Error('no store');
    const stopping = farms.push(await startFarm({ redisUrl: redis.url, store, home: folder.path })) - 1;
    const { driver, watcher, drawer, sessionId, token, watcherToken } = await openShared(stopping);
    await farmAt(stopping).farm.drain();
    const draining = { code: 1012, reason: 'server.draining' };
    for (const one of [driver, watcher, drawer]) expect(await one.closed).toEqual(draining);
    const resume = { sessionId, token: watcherToken };
    const back = await view(1, { resume, join: { sessionId } });
    const other = await addTenant(farmAt(1), 'stranger');
    const theirs = await addScene(farmAt(1), other.id);
    const stranger = await view(1, { resume: { sessionId, token }, sceneId: theirs }, other.key);
    expect(await stranger.next('welcome')).toMatchObject({
      resumed: false,
      sessionId: expect.not.stringMatching(sessionId),
    });
    await stranger.say({ type: 'bye' });
    await goesOn(sessionId, await view(1, { resume: { sessionId, token } }), back);
    await isOver(sessionId);
  });

  test('[LV42] behind one address the session stays where it is, and watchers and the worker are passed on', async () => {
    const store = stores[0];
    if (!store) throw new Error('no store');
    // Everybody is sent to the first one.
    const advertiseUrl = () => farmAt(0).url;
    const before = { id: 'before', seen_at: new Date() };
    const onListening = async (url: string) => {
      await db()
        .insertInto('servers')
        .values({ ...before, url, place: placeOf(url) })
        .execute();
    };
    const behind = await startFarm({ redisUrl: redis.url, store, home: folder.path, advertiseUrl, onListening });
    const holder = farms.push(behind) - 1;
    const known = (await db().selectFrom('servers').select('id').execute()).map(({ id }) => id);
    expect(known).toContain(behind.services.serverId);
    expect(known).not.toContain(before.id);

    const driver = await view(holder);
    const sessionId = String((await driver.next('welcome')).sessionId);
    const { drawer } = await takeUp(sessionId, (url) => url.includes(new URL(farmAt(0).url).host));
    await driver.next('scene');
    const watcher = await view(0, { join: { sessionId } });
    expect(await watcher.next('welcome')).toMatchObject({ sessionId, resumed: false });
    await watcher.next('scene');
    await driver.say(pose(1));
    expect(await drawer.next('pose')).toEqual(pose(1));
    await watcher.next('driver-pose');
    await drawer.say(Buffer.from(picture(1, 1)));
    for (const one of [driver, watcher]) {
      expect((await one.drawn(({ length }) => length === 1)).map(sequenceOf)).toEqual([1]);
    }
    await driver.say({ type: 'bye' });
    await watcher.say({ type: 'bye' });
    await watcher.closed;
    await drawer.closed;
    const stranger = connect(worker.offers.at(-1)?.url ?? '', worker.registration.workerSecret);
    await stranger.say({ type: 'worker-hello', protocols: [1], sessionId, token: worker.offers.at(-1)?.token });
    expect(await stranger.closed).toEqual({ code: 4404, reason: 'live.session_gone' });
  });

  test('[LV29, LV42] after a server stops all goes on as it was, also for who watches by a token that has expired', async () => {
    const store = stores[0];
    if (!store) throw new Error('no store');
    const options = { redisUrl: redis.url, store, home: folder.path };
    const stopping = farms.push(await startFarm(options)) - 1;
    const later = { now: () => new Date(Date.now() + 7_200_000), monotonicMs: () => performance.now() };
    const late = farms.push(await startFarm({ ...options, clock: later })) - 1;
    const request = { sceneIds: [sceneId], origins: ['*'] };
    const { token } = await ask<TokenCreated>(farmAt(0).url, tenant.key, 'POST', '/tokens', request);

    const driver = await view(stopping);
    const opened = await driver.next('welcome');
    const sessionId = String(opened.sessionId);
    const join = { sessionId };
    const dark = { ...VIEW, exposureEv: -2 };
    await driver.say(pose(1));
    await driver.say({ type: 'view', input: 2, view: dark });
    const guest = await view(stopping, { token, join }, null);
    const resume = { sessionId, token: (await guest.next('welcome')).resumeToken };
    await guest.next((message) => message.type === 'driver-view' && JSON.stringify(message).includes('-2'));
    const third = await view(stopping, { join });
    await third.next('welcome');
    await third.say({ type: 'bye' });
    await third.closed;
    await farmAt(stopping).farm.drain();
    await guest.closed;

    const own = { view: { ...VIEW, exposureEv: 9 } };
    const newcomer = await view(late, { ...own, token, join }, null);
    expect(await newcomer.closed).toEqual({ code: 4401, reason: 'identity.token_expired' });
    const back = await view(late, { ...own, token, join, resume }, null);
    expect(await back.next('welcome')).toMatchObject({ sessionId, resumed: true });
    expect(await back.next('viewers')).toMatchObject({
      you: 2,
      driver: 1,
      viewers: [{ id: 1, away: true }, { id: 2 }],
    });
    expect(await back.next('driver-view')).toMatchObject({ view: dark });
    expect(await back.next('driver-pose')).toMatchObject({ pose: POSE });
    const { start } = await takeUp(sessionId, (url) => url.includes(new URL(farmAt(late).url).host));
    expect(start).toMatchObject({ view: dark, pose: POSE });

    const fourth = await view(late, { ...own, join });
    expect(await fourth.next('viewers')).toMatchObject({ you: 4 });
    const owner = await view(late, { view: dark, resume: { sessionId, token: opened.resumeToken } });
    expect(await owner.next('viewers')).toMatchObject({ you: 1, driver: 1, mayTake: false });
    for (const one of [back, fourth, owner]) await one.say({ type: 'bye' });
    await owner.closed;
  });

  test('[LV31, WS9] finds at either no session that is over, or of another tenant', async () => {
    const driver = await view(0);
    const sessionId = String((await driver.next('welcome')).sessionId);
    const other = await addTenant(farmAt(1), 'other');
    const theirs = await addScene(farmAt(1), other.id);
    const notFound = { code: 4404, reason: 'resource.not_found' };
    expect(await (await view(1, { join: { sessionId }, sceneId: theirs }, other.key)).closed).toEqual(notFound);
    await driver.say({ type: 'bye' });
    await driver.closed;
    await isOver(sessionId);
  });
});
