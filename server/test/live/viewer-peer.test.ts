/** A viewer's socket, with its time in the test's hands. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { LIMITS } from '@kiln/shared';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { noTraffic } from '../../src/live/session-traffic.ts';
import { ViewerPeer } from '../../src/live/viewer-peer.ts';
import { TestSocket } from '../socket-fixture.ts';
import { picture, pictureHeader } from './live-fixture.ts';

let server: WebSocketServer;
let viewer: TestSocket;
let socket: WebSocket;
let peer: ViewerPeer;

beforeEach(async () => {
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  viewer = new TestSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, null);
  [socket] = await once(server, 'connection');
  vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] });
  peer = new ViewerPeer(socket, noTraffic(), { onMessage() {}, onNeedsWhole() {}, onClosed() {} });
});
afterEach(() => {
  vi.useRealTimers();
  viewer.cut();
  server.close();
});

/** How often it was told `alive`, once all that was sent has come. */
async function heardAlive(): Promise<number> {
  peer.tell({ type: 'error', code: 'render.failed', message: 'all has come', fatal: false });
  await viewer.next('error');
  return viewer.messages.filter(({ type }) => type === 'alive').length;
}

test('[LV44] a viewer hears that the server is alive once in any case, and then when nothing else was said', async () => {
  const draws = async (sequence: number) => {
    peer.picture(picture(sequence, 0), pictureHeader(sequence, 0));
    await viewer.drawn(({ length }) => length === sequence);
  };
  for (let sequence = 1; sequence <= 30; sequence++) {
    await draws(sequence);
    vi.advanceTimersByTime(LIMITS.liveAliveMs / 10);
  }
  expect(await heardAlive()).toBe(1);
  vi.advanceTimersByTime(LIMITS.liveAliveMs);
  const after = await heardAlive();
  expect(after).toBeGreaterThan(1);
  vi.advanceTimersByTime(LIMITS.liveAliveMs);
  expect(await heardAlive()).toBeGreaterThan(after);
});

test('[LV44] nothing is said to a viewer that has not taken what went before, nor to one that is gone', async () => {
  const held = vi.spyOn(socket, 'bufferedAmount', 'get').mockReturnValue(1);
  vi.advanceTimersByTime(3 * LIMITS.liveAliveMs);
  expect(await heardAlive()).toBe(0);
  held.mockRestore();
  vi.advanceTimersByTime(LIMITS.liveAliveMs);
  expect(await heardAlive()).toBeGreaterThan(0);
  viewer.cut();
  await once(socket, 'close');
  expect(vi.getTimerCount()).toBe(0);
});
