import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  decodePicture,
  type LiveView,
  matches,
  type Pose,
  parseJson,
  type SceneSource,
  ServerMessage,
  type SessionOffer,
  type SessionStart,
  type ViewerMessage,
  WorkerHello,
} from '@kiln/shared';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import type { BrowserPool } from '../../src/pool/browser-pool.ts';
import type { RunningWorker } from '../../src/running-worker.ts';
import { FakeFarm, idOf, settings } from '../support/fake-farm.ts';
import { RedisServer } from '../support/redis-server.ts';
import { startTinyWorker } from '../support/tiny-worker.ts';

const view: LiveView = {
  size: { widthPx: 320, heightPx: 180 },
  frameNumber: 0,
  samples: 1,
  clip: null,
  fps: 24,
  toneMapping: 'neutral',
  exposureEv: 0,
  background: 'neutral',
};
const pose: Pose = { position: [0, 0, 3], quaternion: [0, 0, 0, 1], fovDeg: 40 };
const firstStart: SessionStart = {
  type: 'start',
  protocol: 1,
  view,
  codecs: ['jpeg', 'webp', 'png'],
  pose: null,
  input: 0,
  moving: false,
};

let redis: RedisServer;
let home: string;
let farm: FakeFarm;
let worker: RunningWorker;
let pool: BrowserPool;
let scene: SceneSource;
const tenantId = idOf('tenant');

beforeAll(async () => {
  redis = await RedisServer.start();
  home = await mkdtemp(join(tmpdir(), 'kiln-test-'));
  farm = new FakeFarm(redis);
  await farm.open();
  scene = farm.addScene({ 'scene.glb': 'a scene' });
  ({ worker, pool } = await startTinyWorker({ url: farm.url, home }));
});

afterEach(async () => {
  farm.endSessions = farm.offers.map(({ sessionId }) => sessionId);
  farm.offers = [];
  await expect.poll(() => farm.heartbeats.at(-1)?.sessions, { timeout: 100_000 }).toEqual([]);
  farm.endSessions = [];
});

afterAll(async () => {
  await worker?.drain();
  await farm?.close();
  await redis?.stop();
  await rm(home, { recursive: true, force: true });
});

/** The relay's end of one session's socket. */
class Relay {
  readonly socket: WebSocket;
  readonly hello: WorkerHello;
  readonly messages: ServerMessage[] = [];
  readonly pictures: ReturnType<typeof decodePicture>[] = [];

  private constructor(socket: WebSocket, hello: WorkerHello) {
    this.socket = socket;
    this.hello = hello;
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.pictures.push(decodePicture(data));
      else this.messages.push(parseJson(ServerMessage, data.toString(), 'a message of the worker'));
    });
  }

  /** Waits for the worker to dial in. */
  static async accept(): Promise<Relay> {
    await expect.poll(() => farm.sockets.length, { timeout: 100_000 }).toBeGreaterThan(0);
    const socket = farm.sockets.shift();
    if (!socket) throw new Error('nobody dialled in');
    socket.resume();
    const [hello] = await once(socket, 'message');
    return new Relay(socket, parseJson(WorkerHello, String(hello), 'the hello'));
  }

  send(message: SessionStart | ViewerMessage): void {
    this.socket.send(JSON.stringify(message));
  }

  async picture(count: number): Promise<ReturnType<typeof decodePicture>> {
    await expect.poll(() => this.pictures.length, { timeout: 100_000 }).toBeGreaterThanOrEqual(count);
    const last = this.pictures.at(-1);
    if (!last) throw new Error('no picture');
    return last;
  }
}

function offer(): SessionOffer {
  const made = {
    sessionId: idOf('session'),
    tenantId,
    url: `${farm.url.replace('http', 'ws')}/api/v1/worker/live`,
    token: `st_${Math.random()}`,
    scene,
  };
  farm.offers.push(made);
  return made;
}

it('[LV20] dials in with the offer’s token, [LV22] loads the scene and draws from the pose of the start', async () => {
  const made = offer();
  const relay = await Relay.accept();
  expect(relay.hello).toMatchObject({ sessionId: made.sessionId, token: made.token });
  relay.send({ ...firstStart, pose, input: 4 });
  const { header, colour } = await relay.picture(1);
  expect(header).toMatchObject({ sequence: 1, input: 4, final: true, codec: 'jpeg', widthPx: 320, heightPx: 180 });
  expect([...colour.subarray(0, 2)]).toEqual([0xff, 0xd8]);
  expect(relay.messages.some((message) => message.type === 'scene')).toBe(true);
  expect(relay.messages.at(-1)).toMatchObject({ type: 'state', state: 'live' });
});

it('[LV19] loads a scene once for five sessions and a job’s frames', async () => {
  const relays: Relay[] = [];
  for (let i = 0; i < 5; i++) {
    offer();
    const relay = await Relay.accept();
    relay.send({ ...firstStart, pose });
    relays.push(relay);
  }
  for (const relay of relays) await relay.picture(1);
  const attempt = await farm.send(scene, { kind: 'render', settings, frames: [1] }, { tenantId });
  await expect.poll(() => attempt.isOver, { timeout: 100_000 }).toBe(true);
  expect(attempt.frames).toHaveLength(1);
  await expect
    .poll(() => farm.heartbeats.at(-1)?.status.scenes, { timeout: 100_000 })
    .toEqual([{ tenantId, sceneHash: scene.sceneHash, loads: 1, sessions: 5 }]);
  expect(pool.browsers).toMatchObject([{ tenantId, pages: 1 }]);
});

it('[LV24] dials again when the socket drops, and not when the server says that it is over', async () => {
  const made = offer();
  const relay = await Relay.accept();
  relay.send({ ...firstStart, pose });
  await relay.picture(1);
  relay.socket.terminate();
  const again = await Relay.accept();
  expect(again.hello.sessionId).toBe(made.sessionId);
  again.send({ ...firstStart, pose, input: 9 });
  expect((await again.picture(1)).header).toMatchObject({ sequence: 1, input: 9 });
  farm.offers = [];
  again.socket.close(1000);
  await expect.poll(() => farm.heartbeats.at(-1)?.sessions, { timeout: 100_000 }).toEqual([]);
  expect(farm.sockets).toEqual([]);
});

it('[LV24] ends a session that the heartbeat’s answer names', async () => {
  const made = offer();
  const relay = await Relay.accept();
  relay.send({ ...firstStart, pose });
  await relay.picture(1);
  farm.offers = [];
  farm.endSessions = [made.sessionId];
  await once(relay.socket, 'close');
});

it('goes on, on a new browser, when the one that drew is killed', async () => {
  offer();
  const relay = await Relay.accept();
  relay.send({ ...firstStart, pose });
  await relay.picture(1);
  process.kill(pool.browsers[0]?.pid ?? 0, 'SIGKILL');
  await expect
    .poll(() => relay.messages.filter((message) => message.type === 'scene').length, { timeout: 100_000 })
    .toBe(2);
  await relay.picture(2);
});

it('tells the viewer why a scene cannot be loaded, and ends', async () => {
  const kept = scene;
  scene = { ...farm.addScene({ 'scene.glb': 'another' }), sceneHash: 'e'.repeat(64) };
  scene = { ...scene, files: [...scene.files, { path: 'missing.bin', sha256: 'd'.repeat(64), sizeBytes: 3 }] };
  offer();
  const relay = await Relay.accept();
  relay.send({ ...firstStart, pose });
  await once(relay.socket, 'close');
  farm.offers = [];
  scene = kept;
  expect(relay.messages.at(-1)).toMatchObject({ type: 'error', fatal: true });
  expect(matches(ServerMessage, relay.messages.at(-1))).toBe(true);
});
