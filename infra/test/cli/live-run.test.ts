/** A live session as a program has it, with a server that says what the test has it say. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  encodePicture,
  LIMITS,
  type LiveView,
  matches,
  newId,
  type PictureHeader,
  PosePath,
  ViewerHello,
  ViewerMessage,
} from '@kiln/shared';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { LiveRecording } from '../../src/cli/live/live-recording.ts';
import { LiveReport, type PictureLine } from '../../src/cli/live/live-report.ts';
import { type LiveObserver, runLive } from '../../src/cli/live/live-run.ts';
import { timelineOf } from '../../src/cli/live/path-timeline.ts';

const SIZE = { widthPx: 32, heightPx: 16 };
const VIEW: LiveView = {
  ...{ samples: 2, clip: null, fps: 24, toneMapping: 'neutral', exposureEv: 0, background: 'neutral' },
  ...{ size: SIZE, frameNumber: 0, tiles: true },
};
const at = (atMs: number, x: number) => ({
  ...{
    atMs,
    position: [x, 0, 3] as [number, number, number],
    target: [0, 0, 0] as [number, number, number],
    fovDeg: 40,
  },
});
const HEADER: PictureHeader = {
  ...{ sequence: 1, input: 0, codec: 'png', moving: false, final: false, lastTile: true, better: false, samples: 1 },
  ...{ ...SIZE, tile: { x: 0, y: 0, ...SIZE }, depth: null, near: 0.1, far: 10 },
  pose: { position: [0, 0, 3], quaternion: [0, 0, 0, 1], fovDeg: 40 },
  stages: { inputWait: 0, draw: 1_000, readBack: 0, encode: 0, workerQueue: 0, relay: 0 },
  drawEndMs: 0,
};
const png = (width: number, height: number, background: string) =>
  sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toBuffer();

let folder: string;
let server: WebSocketServer;
let heard: ViewerMessage[];
/** What is said to an input of the viewer. */
let answer: (message: ViewerMessage, socket: WebSocket) => unknown;
let hellos: ViewerHello[];
/** Whether a hello is answered. */
let isWelcome: boolean;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kiln-live-'));
  heard = [];
  hellos = [];
  isWelcome = true;
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (socket) => {
    socket.once('message', (data) => {
      const hello: unknown = JSON.parse(String(data));
      if (!matches(ViewerHello, hello)) throw new Error(`no hello of a viewer: ${data}`);
      hellos.push(hello);
      if (!isWelcome) return;
      const say = (message: object) => socket.send(JSON.stringify(message));
      const sessionId = newId('session', (bytes) => bytes);
      say({ type: 'welcome', protocol: 1, sessionId, resumeToken: `t${hellos.length}`, leaseMs: 1, resumed: false });
      say({ type: 'alive' });
      socket.on('message', (data) => {
        const message: unknown = JSON.parse(String(data));
        if (!matches(ViewerMessage, message)) throw new Error(`no message of a viewer: ${data}`);
        heard.push(message);
        void answer(message, socket);
      });
      const bounds = { min: [0, 0, 0], max: [1, 1, 1] };
      say({ type: 'scene', bounds, autoCamera: { position: [0, 0, 3], target: [0, 0, 0], fovDeg: 40 }, cameras: [] });
    });
  });
  await once(server, 'listening');
});
afterEach(async () => {
  for (const client of server.clients) client.terminate();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

/** @returns the lines of its pictures. */
async function play(path: PosePath, more: Partial<LiveObserver> = {}): Promise<PictureLine[]> {
  const lines: PictureLine[] = [];
  const report = new LiveReport(folder, (line) => lines.push(line));
  const observer: LiveObserver = {
    ...{ state() {}, begun() {}, shows() {}, trouble() {} },
    picture: report.take.bind(report),
    ...more,
  };
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { view, inputs } = timelineOf(path, VIEW, {});
  const order = { url, sceneId: newId('scene', (bytes) => bytes), view, codecs: ['png'] as const, inputs };
  await runLive(order, observer, new AbortController().signal);
  return lines;
}

test('[LV30] keeps a picture with its tiles, counts them, and acknowledges those of one number together', async () => {
  const [red, green, blue] = await Promise.all([png(32, 16, 'red'), png(16, 16, '#00ff00'), png(8, 8, 'blue')]);
  answer = (message, socket) => {
    if (message.type !== 'pose') return;
    const say = (header: Partial<PictureHeader>, colour: Buffer) =>
      socket.send(encodePicture({ ...HEADER, input: message.input, ...header }, colour));
    const left = { x: 0, y: 0, widthPx: 16, heightPx: 16 };
    const corner = { x: 24, y: 8, widthPx: 8, heightPx: 8 };
    say({}, red);
    say({ sequence: 2, better: true, lastTile: false, samples: 2, tile: left }, green);
    say({ sequence: 2, better: true, final: true, samples: 2, tile: corner }, blue);
  };
  const lines = await play({ poses: [at(0, 1)] });
  expect(lines).toMatchObject([
    { sequence: 1, input: 1, better: false, tiles: 1, samples: 1, final: false, files: [join(folder, '000001.png')] },
    { sequence: 2, input: 1, better: true, tiles: 2, samples: 2, final: true, files: [join(folder, '000002.png')] },
  ]);
  const acknowledged = () => heard.flatMap((message) => (message.type === 'ack' ? [message.picture] : []));
  await expect.poll(acknowledged).toEqual([1, 2]);
  const wanted = sharp(red).composite([
    { input: green, left: 0, top: 0 },
    { input: blue, left: 24, top: 8 },
  ]);
  const shown = await sharp(join(folder, '000002.png')).removeAlpha().raw().toBuffer();
  expect(shown.equals(await wanted.removeAlpha().raw().toBuffer())).toBe(true);
});

test('plays a recorded session with what it showed, to its last input, and records the same', async () => {
  const picture = await png(32, 16, 'red');
  let sequence = 0;
  answer = ({ type, ...message }, socket) => {
    if (type !== 'pose' && type !== 'view') return;
    sequence += 1;
    const input = 'input' in message ? message.input : 0;
    socket.send(encodePicture({ ...HEADER, sequence, input, final: true }, picture));
  };
  const views = [
    { atMs: 0, view: { ...VIEW, exposureEv: 1 } },
    { atMs: 300, view: { ...VIEW, exposureEv: 2 } },
  ];
  const frames = [
    { atMs: 0, frameNumber: 5 },
    { atMs: 150, frameNumber: 6 },
  ];
  const path: PosePath = { poses: [at(0, 0), at(100, 1), at(200, 1)], views, frames };
  const file = join(folder, 'recorded.json');
  const recording = new LiveRecording(file, () => {});
  const lines = await play(path, { shows: (pose, view) => recording.shows(pose, view) });
  await recording.end();
  const inputs = heard.flatMap((message) => (message.type === 'pose' || message.type === 'view' ? [message] : []));
  const numbers = inputs.map(({ input }) => input);
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  expect(lines.at(-1)?.input).toBe(numbers.at(-1));
  const shown = inputs.flatMap((message) => (message.type === 'view' ? [message.view] : []));
  // On a machine that is slow the first of them is overtaken.
  expect(shown.map(({ exposureEv, frameNumber }) => `${exposureEv} ${frameNumber}`).join()).toMatch(/^(1 6,)?2 6$/);
  const moved = inputs.flatMap((message) => (message.type === 'pose' ? [message] : []));
  expect(moved.at(-1)).toMatchObject({ moving: false, pose: { position: [1, 0, 3] } });

  const recorded: unknown = JSON.parse(await readFile(file, 'utf8'));
  if (!matches(PosePath, recorded)) throw new Error('no path was recorded');
  expect(recorded.views?.map(({ view }) => view.exposureEv)).toEqual([1, 2]);
  expect(new Set(recorded.frames?.map(({ frameNumber }) => frameNumber))).toEqual(new Set([5, 6]));
  expect(recorded.poses.at(-1)).toMatchObject({ position: [1, 0, 3], target: [0, 0, 0] });
});

test('[LV1] gives up a farm that does not welcome it', async () => {
  isWelcome = false;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const played = play({ poses: [at(0, 1)] }).catch((error: unknown) => error);
    while (hellos.length === 0) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(20_000);
    expect(await played).toMatchObject({ code: 'client.unreachable', message: expect.stringContaining('in 20 s') });
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test('[LV42] comes back when the server stops, with its token, and says what is shown once more', async () => {
  const picture = await png(32, 16, 'red');
  const troubles: string[] = [];
  answer = (message, socket) => {
    if (message.type !== 'pose') return;
    if (hellos.length === 1) socket.close(1012, 'server.draining');
    else socket.send(encodePicture({ ...HEADER, input: message.input, final: true }, picture));
  };
  const lines = await play({ poses: [at(0, 1)] }, { trouble: (message) => troubles.push(message) });
  expect(lines.map(({ input }) => input)).toEqual([1]);
  expect(hellos.map(({ resume }) => resume?.token)).toEqual([undefined, 't1']);
  expect(troubles).toEqual([expect.stringMatching(/shutting down.* Trying again/)]);
});

test('[LV44] comes back to its session when a farm that was alive says nothing for three spans', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    const picture = await png(32, 16, 'red');
    const troubles: string[] = [];
    let isHeard = false;
    answer = (message, socket) => {
      if (message.type !== 'pose') return;
      isHeard = true;
      if (hellos.length > 1) socket.send(encodePicture({ ...HEADER, input: message.input, final: true }, picture));
    };
    const played = play({ poses: [at(0, 1)] }, { trouble: (message) => troubles.push(message) });
    while (!isHeard) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(3 * LIMITS.liveAliveMs - 1_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(troubles).toEqual([]);
    vi.advanceTimersByTime(1_000);
    while (troubles.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(troubles).toEqual(['Nothing comes from the farm any more. Trying again.']);
    vi.advanceTimersByTime(500);
    expect((await played).map(({ input }) => input)).toEqual([1]);
    expect(hellos.map(({ resume }) => resume?.token)).toEqual([undefined, 't1']);
  } finally {
    vi.useRealTimers();
  }
});

test('[LV42] a farm that stays away is given up after a few tries', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const troubles: string[] = [];
    answer = (_message, socket) => {
      server.close();
      socket.close(1012, 'server.draining');
    };
    const more = { trouble: (message: string) => troubles.push(message) };
    const played = play({ poses: [at(0, 1)] }, more).catch((error: unknown) => error);
    for (let tries = 1; tries <= 5; tries++) {
      while (troubles.length < tries) await new Promise((resolve) => setImmediate(resolve));
      vi.advanceTimersByTime(500 * 2 ** (tries - 1));
    }
    expect(await played).toMatchObject({ code: 'client.unreachable' });
    expect(troubles).toHaveLength(5);
  } finally {
    vi.useRealTimers();
  }
});

test('a recording that holds no more says so once, and is written as far as it goes', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] });
  try {
    const said: string[] = [];
    const file = join(folder, 'full.json');
    const recording = new LiveRecording(file, (message) => said.push(message));
    for (let n = 0; n < LIMITS.pathViews + 5; n++) {
      recording.shows(at(0, 0), { ...VIEW, exposureEv: n % 2 });
      vi.advanceTimersByTime(200);
      if (n < LIMITS.pathViews - 1) expect(said).toEqual([]);
    }
    expect(said).toEqual([expect.stringMatching(/full\.json: the recording ends after 199\.8 s, and holds no more/)]);
    await recording.end();
    const recorded: unknown = JSON.parse(await readFile(file, 'utf8'));
    expect(matches(PosePath, recorded) && recorded.views?.length).toBe(LIMITS.pathViews);
  } finally {
    vi.useRealTimers();
  }
});
