/** Raw upgrade requests: whatever comes, the server lives on and can stop. */
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../redis.ts';
import { type ServerFixture, startTestServer } from '../server-fixture.ts';

let redis: TestRedis;
let fixture: ServerFixture;
const sockets: Socket[] = [];

beforeAll(async () => {
  redis = await startRedis();
  fixture = await startTestServer({ redisUrl: redis.url });
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(async () => {
  await fixture?.stop();
  await redis?.stop();
});

interface Upgrade {
  readonly answer: Promise<string>;
  /** Both halves, by the server. */
  readonly closed: Promise<void>;
}

/** Asks for an upgrade on a connection whose own half stays open whatever the server does. */
function upgrade(target: string, headers: readonly string[] = []): Upgrade {
  const socket = connect({ port: fixture.server.port, host: '127.0.0.1', allowHalfOpen: true });
  sockets.push(socket);
  socket.on('error', () => {});
  // What is sent to a connection that the server has closed, and not only ended, comes back as its reset.
  socket.once('end', () => {
    const timer = setInterval(() => socket.write('.'), 20);
    socket.once('close', () => clearInterval(timer));
  });
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13';
  const host = headers.some((line) => line.startsWith('Host:')) ? [] : [`Host: 127.0.0.1:${fixture.server.port}`];
  const lines = [`GET ${target} HTTP/1.1`, ...host, 'Connection: Upgrade', 'Upgrade: websocket', key, ...headers];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  return {
    answer: new Promise((resolve) => socket.once('data', (chunk) => resolve(chunk.toString('utf8')))),
    closed: new Promise((resolve) => socket.once('close', () => resolve())),
  };
}

test('a target that is no URL is answered, and the server lives on', async () => {
  for (const target of ['//', '//[', '/\\\\', 'http://[', '/api/v1/events%', '*']) {
    const { answer } = upgrade(target);
    expect(await answer, target).toMatch(/^HTTP\/1\.1 404 /);
  }
  expect((await fetch(`${fixture.server.url}/api/v1/health`)).status).toBe(200);
});

test('a query is no part of the path', async () => {
  expect(await upgrade('/api/v1/events?x=//[').answer).toMatch(/^HTTP\/1\.1 101 /);
});

test('peers that were refused and hold their half of the connection do not keep the server from stopping', async () => {
  const refused = [
    upgrade('/nothing'),
    upgrade('/api/v1/events', ['Host: evil.example']),
    upgrade('/api/v1/events', ['Origin: http://evil.example']),
  ];
  const statuses = (await Promise.all(refused.map(({ answer }) => answer))).map((text) => text.slice(9, 12));
  expect(statuses).toEqual(['404', '421', '403']);
  await Promise.all(refused.map(({ closed }) => closed));
  await fixture.server.close();
});
