import { API_PREFIX, LIMITS, type Session, type Token, type TokenCreated, type TokenRequest } from '@kiln/shared';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { FakeWorker } from '../fake-worker.ts';
import { addScene, addTenant, ask, call, startFarm, type TestFarm, type TestTenant, until } from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { TestSocket } from '../socket-fixture.ts';

const VIEW = {
  ...{ size: { widthPx: 640, heightPx: 360 }, samples: 1, clip: null, fps: 24, toneMapping: 'neutral' },
  ...{ exposureEv: 0, background: 'neutral', frameNumber: 0 },
};
const POSE = {
  type: 'pose',
  input: 1,
  moving: false,
  pose: { position: [0, 0, 3], quaternion: [0, 0, 0, 1], fovDeg: 40 },
};
const SHOP = 'https://shop.example';

let redis: TestRedis;
let farm: TestFarm;
let tenant: TestTenant;
let other: TestTenant;
let sceneId: string;
let sockets: TestSocket[] = [];

beforeAll(async () => {
  redis = await startRedis();
  farm = await startFarm({ redisUrl: redis.url, timing: { liveLeaseMs: 600_000, findWorkerMs: 600_000 } });
  tenant = await addTenant(farm, 'one');
  other = await addTenant(farm, 'two');
  sceneId = await addScene(farm, tenant.id);
});
afterEach(async () => {
  for (const socket of sockets) {
    if (socket.socket.readyState === socket.socket.OPEN) await socket.say({ type: 'bye' });
    await socket.closed;
  }
  sockets = [];
});
afterAll(async () => {
  await farm?.stop();
  await redis?.stop();
});

const make = (request: Partial<TokenRequest> = {}, of: TestTenant = tenant) =>
  ask<TokenCreated>(farm.url, of.key, 'POST', '/tokens', { sceneIds: [sceneId], origins: [SHOP], ...request });
const list = async (of: TestTenant = tenant) =>
  (await ask<{ items: Token[] }>(farm.url, of.key, 'GET', '/tokens')).items;

interface Page {
  readonly key?: string | null;
  readonly origin?: string | null;
}

/** A view that a page opens. */
async function open(more: object, { key = null, origin = SHOP }: Page = {}): Promise<TestSocket> {
  const socket = new TestSocket(`${farm.url.replace('http', 'ws')}${API_PREFIX}/live`, key, origin);
  sockets.push(socket);
  return socket.say({ type: 'hello', protocols: [1], sceneId, view: VIEW, codecs: ['jpeg'], ...more });
}

/** A worker's socket for the session that the token has opened last. */
async function drawerOf(worker: FakeWorker, tokenId: string): Promise<TestSocket> {
  const row = await farm.services.store.db
    .selectFrom('sessions')
    .select('id')
    .where('token_id', '=', tokenId)
    .orderBy('created_at', 'desc')
    .executeTakeFirstOrThrow();
  const [offer] = await until(
    async () => worker.offers.filter(({ sessionId }) => sessionId === row.id).slice(-1),
    ({ length }) => length > 0,
  );
  worker.sessions.add(row.id);
  const drawer = new TestSocket(offer?.url ?? '', worker.registration.workerSecret);
  sockets.push(drawer);
  return drawer.say({ type: 'worker-hello', protocols: [1], sessionId: row.id, token: offer?.token });
}

const reasonOf = async (more: object, page?: Page) => (await (await open(more, page)).closed).reason;

describe('a token', () => {
  test('[LV29] lets a page of another site open a session of its tenant', async () => {
    const { token, ...made } = await make({ label: 'the shop', ttlSec: 600 });
    expect(made).toMatchObject({
      ...{ sceneIds: [sceneId], origins: [SHOP], access: 'drive', maxSessions: 1, label: 'the shop', openSessions: 0 },
      ...{ maxSamples: LIMITS.tokenSamples, drawnSec: 0, maxDrawnSec: null },
      revokedAt: null,
    });
    expect(Date.parse(made.expiresAt) - Date.parse(made.createdAt)).toBeGreaterThan(590_000);
    const { sessionId, access } = await (await open({ token })).next('welcome');
    expect(access).toBe('drive');
    const { items } = await ask<{ items: Session[] }>(farm.url, tenant.key, 'GET', '/sessions');
    expect(items.map(({ id }) => id)).toEqual([sessionId]);
    expect(await list()).toEqual([{ ...made, openSessions: 1 }]);
    expect(await list(other)).toEqual([]);
  });

  test('[LV29] is what a page of another site has to bring, whoever is signed in there', async () => {
    expect(await reasonOf({})).toBe('identity.missing');
    expect(await reasonOf({}, { key: tenant.key })).toBe('identity.missing');
    expect(await reasonOf({ token: 'kilnv_made-up' }, { key: tenant.key })).toBe('identity.missing');
  });

  test('[LV29] is good on the pages and for the scenes that it names', async () => {
    const { token } = await make();
    for (const origin of ['https://elsewhere.example', 'http://shop.example', 'https://shop.example:8443', null]) {
      expect(await reasonOf({ token }, { origin })).toBe('identity.forbidden');
    }
    expect(await reasonOf({ token, sceneId: await addScene(farm, tenant.id) })).toBe('identity.forbidden');
    await (await open({ token }, { origin: farm.url })).next('welcome');
    const anywhere = await make({ origins: ['*'] });
    await (await open({ token: anywhere.token }, { origin: null })).next('welcome');
  });

  test('[LV29] opens as many sessions as it may, also when they come at once', async () => {
    const { token } = await make({ maxSessions: 2 });
    const opened = await Promise.all(Array.from({ length: 5 }, () => open({ token })));
    const outcomes = opened.map(async (socket) =>
      Promise.race([socket.next('welcome').then(() => 'open'), socket.closed.then(({ reason }) => reason)]).catch(
        () => 'request.too_many',
      ),
    );
    const told = await Promise.all(outcomes);
    expect(told.filter((outcome) => outcome === 'open')).toHaveLength(2);
    expect(told.filter((outcome) => outcome === 'request.too_many')).toHaveLength(3);
  });

  test('[LV29] opens nothing when it has expired; what is open goes on, and is resumed', async () => {
    const { token, id } = await make();
    const first = await open({ token });
    const { sessionId, resumeToken } = await first.next('welcome');
    const db = farm.services.store.db;
    await db
      .updateTable('view_tokens')
      .set({ expires_at: new Date(Date.now() - 1_000) })
      .where('id', '=', id)
      .execute();
    expect(await reasonOf({ token })).toBe('identity.token_expired');
    expect(await reasonOf({ token, resume: { sessionId, token: 'wrong' } })).toBe('identity.token_expired');
    first.cut();
    const again = await open({ token, resume: { sessionId, token: resumeToken } });
    expect(await again.next('welcome')).toMatchObject({ sessionId, resumed: true });
  });

  test('[LV29] does not resume what another one has opened', async () => {
    const first = await open({ token: (await make()).token });
    const { sessionId, resumeToken } = await first.next('welcome');
    const second = await open({ token: (await make()).token, resume: { sessionId, token: resumeToken } });
    expect(await second.next('welcome')).toMatchObject({ resumed: false });
  });

  test('[LV29] that is revoked ends its sessions, and opens none', async () => {
    const { token, id } = await make();
    const socket = await open({ token });
    await socket.next('welcome');
    expect((await call(farm.url, other.key, 'DELETE', `/tokens/${id}`)).status).toBe(404);
    await ask(farm.url, tenant.key, 'DELETE', `/tokens/${id}`);
    expect((await socket.closed).reason).toBe('live.session_gone');
    expect(await reasonOf({ token })).toBe('identity.missing');
    await ask(farm.url, tenant.key, 'DELETE', `/tokens/${id}`);
    const [shown] = await until(
      () => list(),
      ([newest]) => newest?.openSessions === 0,
    );
    expect(shown).toMatchObject({ id, revokedAt: expect.any(String) });
  });

  test('[LV29] that only views shows cameras of the scene, and moves none', async () => {
    const { token } = await make({ access: 'view', maxSessions: 5 });
    expect(await reasonOf({ token })).toBe('identity.forbidden');
    const view = { ...VIEW, camera: 'auto' };
    const moved = await open({ token, view });
    expect(await moved.next('welcome')).toMatchObject({ access: 'view' });
    await moved.say(POSE);
    expect((await moved.closed).reason).toBe('identity.forbidden');
    const turned = await open({ token, view });
    await turned.say({ type: 'view', input: 1, view: { ...view, frameNumber: 3 } });
    await turned.say({ type: 'view', input: 2, view: VIEW });
    expect((await turned.closed).reason).toBe('identity.forbidden');
    const here = await open({ token, view });
    const { sessionId, resumeToken } = await here.next('welcome');
    const resume = { sessionId, token: resumeToken };
    expect(await reasonOf({ token, resume })).toBe('identity.forbidden');
    // It has taken nothing over.
    expect(here.socket.readyState).toBe(here.socket.OPEN);
    const back = await open({ token, view, resume });
    expect(await back.next('welcome')).toMatchObject({ resumed: true });
  });

  test.each([
    { hide: ['Shell'] },
    { show: ['Inside'] },
    { materials: [{ material: 'Shell', opacity: 0 }] },
    { pointers: [{ pointer: '/nodes/0/translation', value: [0, 0, 1] }] },
  ])('[LV29] that only views shows the scene as it is, not with %j', async (edits) => {
    const { token } = await make({ access: 'view', maxSessions: 2 });
    const view = { ...VIEW, camera: 'auto', variant: 'Red', hide: [], pointers: [] };
    expect(await reasonOf({ token, view: { ...view, ...edits } })).toBe('identity.forbidden');
    const shown = await open({ token, view });
    await shown.next('welcome');
    await shown.say({ type: 'view', input: 1, view: { ...view, ...edits } });
    expect((await shown.closed).reason).toBe('identity.forbidden');
    const { token: driving } = await make({ access: 'drive' });
    const moved = await open({ token: driving, view: { ...view, ...edits } });
    expect(await moved.next('welcome')).toMatchObject({ access: 'drive' });
  });

  test('[LV43] draws no more samples than it may, whoever opened the session, and says so once', async () => {
    const worker = await new FakeWorker(farm.url, { identity: { maxSessions: 9 } }).start();
    const { token } = await make({ maxSamples: 64, maxSessions: 2 });
    const many = { ...VIEW, samples: 4_096 };
    const socket = await open({ token, view: many });
    expect(await socket.next('welcome')).toMatchObject({ maxSamples: 64 });
    const error = { type: 'error', code: 'identity.forbidden', fatal: false };
    expect(await socket.next('error')).toMatchObject(error);
    const drawer = await drawerOf(worker, String((await list())[0]?.id));
    expect(await drawer.next('start')).toMatchObject({ view: { samples: 64 }, countsDrawn: true });
    await socket.say({ type: 'view', input: 1, view: { ...many, exposureEv: 1 } });
    expect(await drawer.next('view')).toMatchObject({ view: { samples: 64, exposureEv: 1 } });
    await socket.say({ type: 'view', input: 2, view: { ...VIEW, samples: 63 } });
    expect(await drawer.next('view')).toMatchObject({ view: { samples: 63 } });
    expect(socket.messages.filter(({ type }) => type === 'error')).toHaveLength(1);

    // Who joins the tenant's own session with it, and drives it, is held to it, too.
    const own = await open({ view: many }, { key: tenant.key, origin: null });
    const { sessionId, maxSamples } = await own.next('welcome');
    expect(maxSamples).toBeUndefined();
    const guest = await open({ token, view: many, join: { sessionId } });
    expect(await guest.next('welcome')).toMatchObject({ maxSamples: 64 });
    await own.say({ type: 'camera', action: 'give', to: 2 });
    await guest.next(({ type, driver }) => type === 'viewers' && driver === 2);
    await guest.say({ type: 'view', input: 1, view: many });
    expect(await guest.next('error')).toMatchObject(error);
    expect(await own.next('driver-view')).toMatchObject({ view: { samples: 64 } });
    expect((await make()).maxSamples).toBe(LIMITS.tokenSamples);
    await worker.goodbye();
    await worker.stop();
  });

  test('[LV43] and its session have what workers say that they have drawn', async () => {
    const worker = await new FakeWorker(farm.url, { identity: { maxSessions: 9 } }).start();
    const { token, id } = await make();
    const socket = await open({ token });
    const { sessionId } = await socket.next('welcome');
    const first = await drawerOf(worker, id);
    await first.next('start');
    for (const drawnMs of [1_500, 2_500]) await first.say({ type: 'drawn', drawnMs });
    // Dials again, and counts on.
    first.cut();
    const again = await drawerOf(worker, id);
    await again.next('start');
    await again.say({ type: 'drawn', drawnMs: 4_000 });
    await again.say({ type: 'state', state: 'live', message: 'settled', progress: null });
    await socket.next(({ message }) => message === 'settled');
    await socket.say({ type: 'bye' });
    await socket.closed;
    const shown = await until(
      async () => (await list()).find((one) => one.id === id),
      (one) => (one?.drawnSec ?? 0) > 0,
    );
    expect(shown?.drawnSec).toBeCloseTo(4, 6);
    const row = await farm.services.store.db
      .selectFrom('sessions')
      .select('drawn_sec')
      .where('id', '=', String(sessionId))
      .executeTakeFirstOrThrow();
    expect(row.drawn_sec).toBeCloseTo(4, 6);
    await worker.goodbye();
    await worker.stop();
  });

  test('[LV43] ends its sessions when workers have drawn so long for them together, and opens none', async () => {
    const worker = await new FakeWorker(farm.url, { identity: { maxSessions: 9 } }).start();
    const { token, id } = await make({ maxDrawnSec: 3, maxSessions: 2 });
    const first = await open({ token });
    await first.next('welcome');
    const firstDrawer = await drawerOf(worker, id);
    await firstDrawer.next('start');
    await firstDrawer.say({ type: 'drawn', drawnMs: 2_000 });
    await firstDrawer.say({ type: 'state', state: 'live', message: 'settled', progress: null });
    await first.next(({ message }) => message === 'settled');
    await first.say({ type: 'bye' });
    await until(
      async () => (await list()).find((one) => one.id === id)?.drawnSec,
      (drawnSec) => drawnSec === 2,
    );
    const second = await open({ token });
    await second.next('welcome');
    const drawer = await drawerOf(worker, id);
    await drawer.next('start');
    await drawer.say({ type: 'drawn', drawnMs: 1_000 });
    expect(await second.closed).toEqual({ code: 4403, reason: 'identity.token_spent' });
    expect((await drawer.closed).code).toBe(1000);
    expect(await reasonOf({ token })).toBe('identity.token_spent');
    await worker.goodbye();
    await worker.stop();
  });

  test('that is asked for wrongly is not made', async () => {
    const status = async (request: object) =>
      (await call(farm.url, tenant.key, 'POST', '/tokens', { sceneIds: [sceneId], origins: [SHOP], ...request }))
        .status;
    expect(await status({ sceneIds: [await addScene(farm, other.id)] })).toBe(404);
    for (const origins of [[], ['shop.example'], ['https://shop.example/'], ['https://Shop.example'], ['null']]) {
      expect(await status({ origins })).toBe(400);
    }
    for (const wrong of [
      { ttlSec: 59 },
      { ttlSec: 86_401 },
      { maxSessions: 0 },
      { maxSamples: 0 },
      { maxDrawnSec: 0 },
      { access: 'all' },
      { sceneIds: [] },
    ]) {
      expect(await status(wrong)).toBe(400);
    }
  });
});
