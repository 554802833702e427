/**
 * Broken servers, by seed, at a worker's live sessions: unknown types, huge messages, wrong order, replays, half frames, sudden
 * hang-ups. Another session of the same worker goes on, and nothing of the broken ones stays.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { decodePicture, LIMITS, newId, type SceneSource, type SessionOffer, type SessionStart } from '@kiln/shared';
import { broken, chance, halfFrame, pick, type Random, spoiled } from '@kiln/shared/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { BrowserPool } from '../../src/pool/browser-pool.ts';
import type { RunningWorker } from '../../src/running-worker.ts';
import { FakeFarm, idOf } from '../support/fake-farm.ts';
import { RedisServer } from '../support/redis-server.ts';
import { startTinyWorker } from '../support/tiny-worker.ts';
import { poseAt, view } from './fake-stage.ts';

/** Sessions with a broken server; each seed is another one. */
const SEEDS = 48;
/** Of them at a time. */
const AT_ONCE = 6;
const HANGS_MS = 100_000;

const START: SessionStart = {
  ...{ type: 'start', protocol: 1, codecs: ['jpeg', 'webp', 'png'], pose: poseAt(1), input: 4, moving: false },
  view: { ...view, size: { widthPx: 64, heightPx: 36 } },
};
const pose = (input: number) => ({ type: 'pose', input, pose: poseAt(input % 7), moving: input % 2 === 0 });
const ack = (picture: number) => ({ type: 'ack', picture, decodeMs: 1, uploadMs: 1 });

/** In order, out of it, old, of nothing that was sent, and unknown. */
const FROM_SERVER: readonly unknown[] = [
  START,
  { ...START, pose: null, input: 0 },
  { ...START, codecs: [] },
  { ...START, view: { ...START.view, size: { widthPx: LIMITS.liveEdgePx + 1, heightPx: 16 } } },
  pose(5),
  pose(5),
  pose(2),
  pose(4_294_967_295),
  { type: 'pose', input: 6, pose: { ...poseAt(1), position: [1e300, 0, 0] }, moving: false },
  { type: 'pose', input: 7, pose: { ...poseAt(1), quaternion: [0, 0, 0, 0] }, moving: false },
  { type: 'view', input: 8, view: { ...START.view, camera: 'none of these' } },
  { type: 'view', input: 9, view: { ...START.view, samples: 4, tiles: true } },
  ack(1),
  ack(1),
  ack(4_000_000_000),
  { type: 'refresh' },
  { type: 'pick', request: 1, input: 4, x: 0.5, y: 0.5 },
  { type: 'pick', request: 2, input: 4_000_000_000, x: 0, y: 1, from: { pose: poseAt(1), aspect: 1e9 } },
  { type: 'camera', action: 'take' },
  { type: 'unheard-of', of: [1, 2, 3] },
  { type: 'bye' },
];

/** Refuses, hangs up, or speaks; never as it should. */
class BrokenServer {
  pictures = 0;
  /** What was wrong with what the worker said. */
  readonly faults: string[] = [];
  readonly #http = createServer((_, response) => response.writeHead(404).end());
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #random = new Map<string, Random>();

  async open(): Promise<this> {
    this.#http.on('upgrade', (request, line, head) => {
      const random = this.#random.get(request.url?.slice(1) ?? '');
      line.on('error', () => {});
      if (!random) return line.destroy();
      const how = random();
      if (how < 0.05) return line.destroy();
      if (how < 0.1) return line.end('HTTP/1.1 500 Internal Server Error\r\n\r\n');
      if (how < 0.15) return line.end('SSH-2.0-OpenSSH_9.9\r\n');
      this.#sockets.handleUpgrade(request, line, head, (peer) => void this.#speak(random, peer, line));
    });
    this.#http.listen(0, '127.0.0.1');
    await once(this.#http, 'listening');
    return this;
  }

  /** Where a session of this seed is to dial. */
  urlOf(seed: number): string {
    this.#random.set(String(seed), chance(seed));
    return `ws://127.0.0.1:${(this.#http.address() as AddressInfo).port}/${seed}`;
  }

  async close(): Promise<void> {
    for (const peer of this.#sockets.clients) peer.terminate();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  async #speak(random: Random, peer: WebSocket, line: Duplex): Promise<void> {
    peer.on('error', () => {});
    peer.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) return;
      this.pictures++;
      try {
        decodePicture(data);
      } catch (error) {
        this.faults.push(String(error));
      }
    });
    if (random() < 0.8) peer.send(JSON.stringify(START));
    for (let i = 0; i < 4 + random() * 30 && peer.readyState === WebSocket.OPEN; i++) {
      const message = pick(random, FROM_SERVER);
      const isWhole = random() < 0.5;
      peer.send(
        isWhole ? JSON.stringify(message) : broken(random, spoiled(random, message), 4 * LIMITS.liveControlBytes),
      );
      if (random() < 0.3) await new Promise((resolve) => setTimeout(resolve, random() * 60));
    }
    const end = random();
    if (end < 0.3) line.write(halfFrame(random, false));
    if (end < 0.5) line.destroy();
    else if (end < 0.7) peer.close(pick(random, [1000, 1011, 1012, 4400, 4404, 4999]));
    else if (end < 0.8) peer.send(new Uint8Array(4 * LIMITS.liveControlBytes + 1));
    // Or it says nothing more.
  }
}

let redis: RedisServer;
let home: string;
let farm: FakeFarm;
let worker: RunningWorker;
let pool: BrowserPool;
let scene: SceneSource;
let server: BrokenServer;
const [good, bad] = [idOf('tenant'), idOf('tenant')];

beforeAll(async () => {
  redis = await RedisServer.start();
  home = await mkdtemp(join(tmpdir(), 'kiln-test-'));
  farm = new FakeFarm(redis);
  await farm.open();
  scene = farm.addScene({ 'scene.glb': 'a scene' });
  server = await new BrokenServer().open();
  ({ worker, pool } = await startTinyWorker({ url: farm.url, home }));
});
afterAll(async () => {
  await worker?.drain();
  await server?.close();
  await farm?.close();
  await redis?.stop();
  await rm(home, { recursive: true, force: true });
});

const newSession = () => newId('session', (bytes) => crypto.getRandomValues(bytes));
const sessions = () => farm.heartbeats.at(-1)?.sessions;
const lines = () => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;

it('[LV3, LV20, LV22, WS5] broken servers cost no other session anything, and leave nothing', {
  timeout: 600_000,
}, async () => {
  const watched: SessionOffer = {
    ...{ sessionId: newSession(), tenantId: good, token: 'token', scene },
    url: `${farm.url.replace('http', 'ws')}/api/v1/worker/live`,
  };
  farm.offers.push(watched);
  await expect.poll(() => farm.sockets.length, { timeout: HANGS_MS }).toBe(1);
  const relay = farm.sockets[0] as WebSocket;
  const inputs: number[] = [];
  const said: string[] = [];
  relay.on('message', (data: Buffer, isBinary) => {
    if (!isBinary) return said.push(JSON.parse(String(data)).type);
    const { sequence, input } = decodePicture(data).header;
    inputs.push(input);
    relay.send(JSON.stringify(ack(sequence)));
  });
  relay.resume();
  relay.send(JSON.stringify({ ...START, input: 0 }));
  await expect.poll(() => inputs.length, { timeout: HANGS_MS }).toBeGreaterThan(0);
  const before = lines();

  for (let first = 1; first <= SEEDS; first += AT_ONCE) {
    const seeds = Array.from({ length: AT_ONCE }, (_, i) => first + i);
    const offers = seeds.map((seed) => ({
      ...{ sessionId: newSession(), tenantId: bad, token: 'token', scene, url: server.urlOf(seed) },
    }));
    farm.offers = [watched, ...offers];
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    relay.send(JSON.stringify({ type: 'pose', input: first, pose: poseAt(first), moving: false }));
    await expect.poll(() => inputs.at(-1), { timeout: HANGS_MS, message: `seeds from ${first}` }).toBe(first);
    farm.offers = [watched];
    farm.endSessions = offers.map(({ sessionId }) => sessionId);
    await expect.poll(sessions, { timeout: HANGS_MS, message: `seeds from ${first}` }).toEqual([watched.sessionId]);
    farm.endSessions = [];
  }

  expect(server.pictures).toBeGreaterThan(0);
  expect(server.faults).toEqual([]);
  expect(relay.readyState).toBe(WebSocket.OPEN);
  expect(farm.sockets).toHaveLength(1);
  expect([...new Set(said)].sort()).toEqual(['scene', 'state', 'worker-hello']);
  expect(said.filter((type) => type === 'scene')).toHaveLength(1);
  // The page of the one and, for as long as it is kept, that of the others.
  expect(pool.browsers.length).toBeLessThanOrEqual(2);
  expect(pool.browsers.map(({ pages }) => pages)).toEqual(pool.browsers.map(() => 1));
  await expect.poll(lines, { timeout: HANGS_MS }).toBeLessThanOrEqual(before + 2);
});
