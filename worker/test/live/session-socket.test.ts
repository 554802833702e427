/** A worker's socket for one session, and a server that does not keep to the protocol. */
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { LIMITS, LIVE_PROTOCOLS, type SessionOffer, type SessionStart } from '@kiln/shared';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../../src/clock.ts';
import { WORKER_LIMITS } from '../../src/limits.ts';
import { SessionLine } from '../../src/live/session-line.ts';
import { SessionSocket, type SessionSocketHooks } from '../../src/live/session-socket.ts';
import { idOf } from '../support/fake-farm.ts';
import { silent } from '../support/silent.ts';
import { view } from './fake-stage.ts';

let server: WebSocketServer;
let offer: SessionOffer;

beforeEach(async () => {
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  offer = {
    ...{ sessionId: idOf('session'), tenantId: idOf('tenant'), token: 'token' },
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    scene: { sceneHash: 'f'.repeat(64), entry: 'scene.glb', files: [] },
  };
});
afterEach(() => {
  vi.useRealTimers();
  for (const client of server.clients) client.terminate();
  server.close();
});

const START: SessionStart = {
  ...{ type: 'start', protocol: LIVE_PROTOCOLS[0], codecs: ['jpeg'], pose: null, input: 0, moving: false },
  view,
};
const DEAF: SessionSocketHooks = { onStart() {}, onMessage() {} };

/** Both ends of a socket; the server's has got the hello. */
async function dial(hooks = DEAF) {
  const arrived = once(server, 'connection');
  const socket = new SessionSocket(offer, 'secret', hooks, systemClock, silent);
  const [peer, { socket: line }] = (await arrived) as [WebSocket, { socket: Socket }];
  await once(peer, 'message');
  return { socket, peer, line };
}

it('[LV20] gives up a server that says much, but no start', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { socket, peer } = await dial();
  for (const text of ['{', '{"type":"pose"}', JSON.stringify({ ...START, view: null })]) peer.send(text);
  peer.ping();
  await once(peer, 'pong');
  await vi.advanceTimersByTimeAsync(WORKER_LIMITS.sessionStartMs);
  expect(await socket.ended).toMatchObject({ over: false, startedForMs: null });
});

it('[WS3] ends with 4426 where the server names a version that it does not speak', async () => {
  const onStart = vi.fn();
  const { socket, peer } = await dial({ ...DEAF, onStart });
  const closed = once(peer, 'close');
  peer.send(JSON.stringify({ ...START, protocol: 99 }));
  expect((await closed).map(String)).toEqual(['4426', 'protocol.version']);
  expect(await socket.ended).toMatchObject({ over: true });
  expect(onStart).not.toHaveBeenCalled();
});

it('gives up a server that asks for pictures and takes none off the line', async () => {
  const { socket, line } = await dial();
  line.pause();
  const picture = new Uint8Array(LIMITS.livePictureBytes);
  for (let sent = 0; sent <= 2 * WORKER_LIMITS.unreadBytes; sent += picture.length) socket.picture(picture);
  expect(await socket.ended).toMatchObject({ over: false });
});

it('gives up a server that pings and reads no answer', async () => {
  const { socket, peer, line } = await dial();
  line.pause();
  let isOver = false;
  void socket.ended.then(() => {
    isOver = true;
  });
  const ping = Buffer.alloc(125);
  while (!isOver) {
    for (let i = 0; i < 2_000; i++) peer.ping(ping, undefined, () => {});
    await new Promise((resolve) => setImmediate(resolve));
  }
});

it('[LV24] an offer that names nothing to dial is over, and nothing else', async () => {
  const line = new SessionLine({
    offer: { ...offer, url: 'nowhere' },
    ...{ secret: () => 'secret', hooks: DEAF, clock: systemClock, log: silent },
  });
  await line.run(new AbortController().signal);
});

it('[WS8] waits longer each time for a server that says start and hangs up', async () => {
  server.on('connection', (peer) => {
    peer.once('message', () => {
      peer.send(JSON.stringify(START));
      peer.close(1011);
    });
  });
  const tries: unknown[] = [];
  const over = new AbortController();
  const log = Object.assign(Object.create(silent), {
    info({ tries: count }: { tries: unknown }) {
      tries.push(count);
      if (tries.length === 4) over.abort();
    },
  });
  await new SessionLine({
    ...{ offer, secret: () => 'secret', hooks: DEAF, clock: systemClock, log, random: () => 0 },
  }).run(over.signal);
  expect(tries).toEqual([1, 2, 3, 4]);
});
