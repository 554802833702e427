/** Events sockets that come at a bad moment, leave at one, or are too many. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { API_PREFIX } from '@kiln/shared';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveEvents } from '../../src/events/events-socket.ts';
import { Feed, type FeedListener } from '../../src/events/feed.ts';
import { UpgradeRouter } from '../../src/http/socket-router.ts';
import type { Identities } from '../../src/identity/identities.ts';
import { SERVER_LIMITS } from '../../src/limits.ts';
import { addScene, addTenant, startFarm, type TestFarm, type TestTenant, until } from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { TestSocket } from '../socket-fixture.ts';

class CountedFeed extends Feed {
  listeners = 0;

  override listen(listener: FeedListener): () => void {
    const stop = super.listen(listener);
    this.listeners++;
    return () => {
      this.listeners--;
      stop();
    };
  }
}

let redis: TestRedis;
let farm: TestFarm;
let tenant: TestTenant;
let sceneId: string;
let feed: CountedFeed;
let router: UpgradeRouter;
let server: Server;

beforeAll(async () => {
  redis = await startRedis();
  farm = await startFarm({ redisUrl: redis.url });
  tenant = await addTenant(farm, 'one');
  sceneId = await addScene(farm, tenant.id);
  const { services } = farm;
  feed = new CountedFeed(services.store.db, pino({ level: 'silent' }));
  router = new UpgradeRouter();
  // Known without the database, which a test below keeps busy.
  const identity = { tenantId: tenant.id, tenantName: 'one', role: 'member' as const, by: 'key' as const };
  const identities: Identities = {
    ofHeaders: async ({ authorization }) => (authorization === 'Bearer wrong' ? null : identity),
  };
  serveEvents({ services: { ...services, sockets: router, identities }, feed, frameProgress: { listen: () => {} } });
  server = createServer();
  router.attach(server, () => false);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  router?.terminateAll();
  await new Promise((resolve) => server?.close(resolve));
  await farm?.stop();
  await redis?.stop();
});

const connect = (key: string | null = null) =>
  new TestSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}${API_PREFIX}/events`, key);
const HELLO = { type: 'hello', protocols: [1] };

test('one that leaves while its filter is looked up is forgotten', async () => {
  const { db } = farm.services.store;
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await new Promise<void>((holds) => {
    void db.transaction().execute(async () => {
      holds();
      await held;
    });
  });
  const socket = connect();
  await socket.say({ ...HELLO, sceneId });
  await until(
    async () => router.count(),
    (count) => count === 1,
  );
  socket.cut();
  await until(
    async () => router.count(),
    (count) => count === 0,
  );
  release();
  // Behind the look-up in the queue of the one session.
  await db.selectFrom('scenes').select('id').limit(1).execute();
  await new Promise((resolve) => setImmediate(resolve));
  expect(feed.listeners).toBe(0);
});

test('a tenant has so many at once and no more, and another when one has gone', async () => {
  const sockets: TestSocket[] = [];
  for (let count = 0; count < SERVER_LIMITS.eventSocketsPerTenant; count++) sockets.push(connect());
  await Promise.all(sockets.map(async (socket) => (await socket.say(HELLO)).next('welcome')));
  const refused = connect();
  await refused.say(HELLO);
  expect(await refused.closed).toEqual({ code: 4429, reason: 'request.too_many' });
  expect(feed.listeners).toBe(SERVER_LIMITS.eventSocketsPerTenant);
  sockets[0]?.cut();
  await until(
    async () => feed.listeners,
    (count) => count < SERVER_LIMITS.eventSocketsPerTenant,
  );
  const next = connect();
  await (await next.say(HELLO)).next('welcome');
  for (const socket of [...sockets, next]) socket.cut();
  await until(
    async () => feed.listeners,
    (count) => count === 0,
  );
});

test('who tries too many keys has to wait, and who has a good one does not', async () => {
  const { failures } = SERVER_LIMITS.identityFailures;
  const codes = new Map<number, number>();
  for (let tries = 0; tries < failures; tries++) {
    const { code } = await (await connect('wrong').say(HELLO)).closed;
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  expect([...codes]).toEqual([
    [4401, failures - 1],
    [4429, 1],
  ]);
  await (await connect().say(HELLO)).next('welcome');
});

test('one that comes before its server has started is not handed the whole log', async () => {
  const { store } = farm.services;
  await farm.farm.change(async (_trx, tell) => {
    tell({ type: 'workers', tenantId: null, data: { ready: 0 } });
  });
  const row = await store.db
    .selectFrom('events')
    .select((eb) => eb.fn.max('id').as('newest'))
    .executeTakeFirstOrThrow();
  let cursor: unknown;
  const second = await startFarm({
    redisUrl: redis.url,
    store,
    onListening: async (url) => {
      const socket = new TestSocket(`${url.replace('http', 'ws')}${API_PREFIX}/events`, tenant.key);
      ({ cursor } = await (await socket.say(HELLO)).next('welcome'));
      socket.cut();
    },
  });
  await second.stop();
  expect(cursor).toBe(Number(row.newest));
});
