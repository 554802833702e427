/** What the two ends of a session are told while their sockets take nothing. */
import type { AddressInfo } from 'node:net';
import type { LiveView, ViewerMessage } from '@kiln/shared';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { LIVE_LIMITS } from '../../src/dispatch/limits.ts';
import { noTraffic, type Traffic, trafficOf } from '../../src/live/session-traffic.ts';
import { type Replaceable, ViewerPeer } from '../../src/live/viewer-peer.ts';
import { WorkerPeer } from '../../src/live/worker-peer.ts';
import { until } from '../farm-fixture.ts';
import { TestSocket } from '../socket-fixture.ts';
import { ack, POSE, picture, pictureHeader, sequenceOf, VIEW } from './live-fixture.ts';

/** More than the machine's own buffers of a connection hold. */
const FULL_BYTES = 33_554_432;
const TIMES = 100;

let server: WebSocketServer;
let traffic: Traffic;
let there: TestSocket;
let here: WebSocket;
beforeEach(async () => {
  traffic = noTraffic();
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const opened = new Promise<WebSocket>((resolve) => server.once('connection', resolve));
  there = new TestSocket(`ws://127.0.0.1:${port}/`, null);
  here = await opened;
});
afterEach(async () => {
  there.cut();
  here.terminate();
  await new Promise((resolve) => server.close(resolve));
});

const viewOf = (frameNumber: number): LiveView => ({ ...VIEW, frameNumber }) as LiveView;
const poseOf = (fovDeg: number) => ({ ...POSE, fovDeg });

/** Until it reads again, nothing more goes to the other end. */
async function fill(): Promise<void> {
  await until(
    async () => there.socket.readyState,
    (state) => state === WebSocket.OPEN,
  );
  there.socket.pause();
  here.send(new Uint8Array(FULL_BYTES));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(here.bufferedAmount).toBeGreaterThan(LIVE_LIMITS.poseBufferBytes);
}

describe('a viewer', () => {
  const said: ViewerMessage[] = [];
  let peer: ViewerPeer;
  beforeEach(() => {
    said.length = 0;
    const onMessage = (message: ViewerMessage) => void said.push(message);
    peer = new ViewerPeer(here, traffic, { onMessage, onNeedsWhole() {}, onClosed() {} });
  });
  const state = { type: 'state', state: 'live', message: 'Live', progress: null } as const;
  const viewers = (you: number): Replaceable => ({
    ...{ type: 'viewers', you, driver: 1, mayTake: false, input: 0, viewers: [] },
  });

  test('[LV10, LV34] that reads slowly hears the newest of each, in the order in which those came, before a picture', async () => {
    await fill();
    peer.tell(state);
    peer.picture(picture(1, 1), pictureHeader(1, 1));
    for (let at = 1; at <= TIMES; at++) {
      peer.tellNewest({ type: 'driver-pose', pose: poseOf(at), moving: true });
      peer.tellNewest(viewers(at));
      peer.tellNewest({ type: 'driver-view', view: viewOf(at) });
    }
    peer.tellNewest({ type: 'driver-pose', pose: poseOf(1), moving: false });
    peer.picture(picture(2, 1), pictureHeader(2, 1));
    expect(traffic).toMatchObject({ messagesReplaced: 3 * (TIMES - 1) + 1, picturesSent: 0, picturesReplaced: 1 });
    expect(traffic.mostWaitingBytes).toBeGreaterThan(LIVE_LIMITS.pictureBufferBytes);
    there.socket.resume();
    const [, shown] = await there.drawn(({ length }) => length === 2);
    expect(shown && sequenceOf(shown)).toBe(2);
    expect(there.messages).toEqual([
      state,
      viewers(TIMES),
      { type: 'driver-view', view: viewOf(TIMES) },
      { type: 'driver-pose', pose: poseOf(1), moving: false },
    ]);
    expect(traffic.picturesSent).toBe(1);
  });

  test('[LV10] hears what waits before anything else that is told', async () => {
    await fill();
    peer.tellNewest({ type: 'driver-view', view: viewOf(1) });
    peer.tell(state);
    there.socket.resume();
    await there.next('state');
    expect(there.messages.map(({ type }) => type)).toEqual(['driver-view', 'state']);
  });

  test('[LV33] does so much with the camera and no more', async () => {
    const camera = { type: 'camera', action: 'request' };
    for (let sent = 0; sent < LIVE_LIMITS.cameraActionBurst; sent++) await there.say(camera);
    await until(
      async () => said.length,
      (length) => length === LIVE_LIMITS.cameraActionBurst,
    );
    expect(here.readyState).toBe(WebSocket.OPEN);
    for (let sent = 0; sent < LIVE_LIMITS.cameraActionBurst; sent++) await there.say(camera);
    expect(await there.closed).toEqual({ code: 4429, reason: 'request.too_many' });
    expect(await there.next('error')).toMatchObject({ code: 'request.too_many', fatal: true });
    expect(said.length).toBeLessThan(2 * LIVE_LIMITS.cameraActionBurst);
  });
});

describe('a worker', () => {
  let peer: WorkerPeer;
  beforeEach(() => {
    peer = new WorkerPeer(here, 'wrk_1', traffic, { onMessage() {}, onPicture() {}, onClosed() {} });
  });
  const view = (input: number) => ({ type: 'view', input, view: viewOf(input) }) as const;
  const pose = (input: number) => ({ type: 'pose', input, pose: POSE, moving: true }) as const;

  test('[LV3, LV10] that reads slowly hears the newest pose and the newest view, inputs growing', async () => {
    await fill();
    peer.pass({ ...ack(1), type: 'ack' });
    for (let at = 1; at <= TIMES; at++) {
      peer.input(view(2 * at));
      peer.input(pose(2 * at + 1));
    }
    expect(traffic.inputsReplaced).toBe(2 * (TIMES - 1));
    there.socket.resume();
    await there.next(({ input }) => input === 2 * TIMES + 1);
    expect(there.messages).toEqual([ack(1), view(2 * TIMES), pose(2 * TIMES + 1)]);
    // What finds the way free goes at once.
    peer.input(view(1_000));
    await there.next(({ input }) => input === 1_000);
  });

  test('[LV10] hears of nothing that is about an input before that; acknowledgements do not wait', async () => {
    await fill();
    peer.input(view(1));
    peer.pass({ ...ack(1), type: 'ack' });
    peer.input(view(2));
    peer.pass({ type: 'refresh' });
    there.socket.resume();
    await there.next('refresh');
    expect(there.messages.map(({ type, input }) => [type, input])).toEqual([
      ['ack', undefined],
      ['view', 2],
      ['refresh', undefined],
    ]);
  });
});

test('the figures of several sessions are sums, and the most that waited in any', () => {
  const [one, other] = [noTraffic(), noTraffic()];
  Object.assign(one, { picturesSent: 3, mostWaitingBytes: 9 });
  Object.assign(other, { picturesSent: 4, picturesReplaced: 1, mostWaitingBytes: 5 });
  expect(trafficOf([one, other])).toEqual({
    ...{ sessions: 2, picturesSent: 7, picturesReplaced: 1, picturesDropped: 0 },
    ...{ messagesReplaced: 0, inputsReplaced: 0, mostWaitingBytes: 9 },
  });
});
