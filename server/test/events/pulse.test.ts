import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { SOCKET_LIMITS } from '../../src/dispatch/limits.ts';
import { keepPulse } from '../../src/events/socket-peer.ts';

let server: WebSocketServer;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', keepPulse);
  await once(server, 'listening');
});
afterEach(() => {
  vi.useRealTimers();
  for (const socket of server.clients) socket.terminate();
  server.close();
});

async function connect(answers: boolean): Promise<WebSocket> {
  const { port } = server.address() as AddressInfo;
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { autoPong: answers });
  await once(socket, 'open');
  return socket;
}

test('[WS7] pings each 10 s, and lets go of who does not answer, without a goodbye, and of nobody else', async () => {
  const [good, deaf] = [await connect(true), await connect(false)];
  const lost = once(deaf, 'close');
  for (let atMs = 0; atMs <= SOCKET_LIMITS.pulseLostMs; atMs += SOCKET_LIMITS.pingMs) {
    expect(deaf.readyState).toBe(WebSocket.OPEN);
    const pinged = [once(good, 'ping'), ...[...server.clients].slice(0, 1).map((socket) => once(socket, 'pong'))];
    vi.advanceTimersByTime(SOCKET_LIMITS.pingMs);
    await Promise.all(pinged);
  }
  const [code] = await lost;
  expect(code).toBe(1006);
  expect(good.readyState).toBe(WebSocket.OPEN);
});
