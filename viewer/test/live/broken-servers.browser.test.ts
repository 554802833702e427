/**
 * Broken servers at a live view in a page: spoiled bytes, wrong sizes and order, replays, floods, half frames, and by seed all
 * of it together. The last good picture stays, what is wrong is said, nothing is kept, and a good server is shown again.
 */

import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import { encodePicture, LIMITS, newId, PICTURE_HEADER_BYTES } from '@kiln/shared';
import { broken, chance, halfFrame, pick, type Random, spoiled, spoiledBytes } from '@kiln/shared/testing';
import type { Page } from 'puppeteer';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PictureMeasure } from '../../src/live/measurements.ts';
import type { LiveState } from '../../src/live/session-state.ts';
import { startChromium, type TestBrowser } from '../chromium.ts';
import { scriptOf } from '../script.ts';
import type { Taken } from './broken-server-page.ts';
import {
  type Colour,
  deflatedDepth,
  headerOf,
  LIVE,
  type Peer,
  POSE,
  pictureOf,
  pngOf,
  SCENE,
  ScriptedLiveServer,
  SIZE,
  tileOf,
  WELCOME,
} from './scripted-live-server.ts';

/** Of broken servers; each is another one. */
const SEEDS = 6;
const ALL_SEEDS = 20;
const HANGS_MS = 90_000;
const WAIT = { timeout: HANGS_MS, interval: 30 };
const [GREEN, BLUE, RED]: [Colour, Colour, Colour] = [
  [20, 160, 40],
  [30, 60, 200],
  [250, 10, 10],
];

let chromium: TestBrowser;
let script: string;
let server: ScriptedLiveServer;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  script = await scriptOf(fileURLToPath(new URL('broken-server-page.ts', import.meta.url)));
  chromium = await startChromium();
});
afterAll(() => chromium?.close());

beforeEach(async () => {
  server = await new ScriptedLiveServer(script).open();
  const context = await chromium.browser.createBrowserContext();
  page = await context.newPage();
  await page.bringToFront();
  complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  server.answer = server.good(GREEN);
  await page.goto(server.url);
  await page.waitForFunction('window.openLive !== undefined');
  const look = {
    ...{ samples: 1, clip: null, fps: 24, toneMapping: 'neutral', exposureEv: 0, background: 'neutral' },
  };
  await page.evaluate(`openLive('${newId('scene', (bytes) => bytes)}', ${JSON.stringify(look)})`);
  await seen(GREEN);
});
afterEach(async () => {
  await page.browserContext().close();
  await server.close();
  expect([complaints, server.invalid]).toEqual([[], []]);
});

const inPage = <T>(code: string) => page.evaluate(code) as Promise<T>;
const seen = (colour: Colour) => expect.poll(() => inPage<number[]>('live.middle()'), WAIT).toEqual([...colour]);
const states = () => inPage<LiveState[]>('live.states');
const painted = async () => (await inPage<PictureMeasure[]>('live.measures')).map(({ sequence }) => sequence);
const taken = () => inPage<Taken>('live.taken()');

/** The page at rest holds no image and no URL, and no more textures than some sizes of pictures need. */
async function isTidy(): Promise<void> {
  await expect.poll(taken, WAIT).toMatchObject({ images: 0, urls: 0 });
  expect((await taken()).textures).toBeLessThan(40);
}

const depth = (bytes: Uint8Array) => encodePicture(headerOf(2), pngOf(RED), bytes);
const withHeader = (at: number, value: number) => {
  const bytes = pictureOf(RED, 2);
  bytes[at] = value;
  return bytes;
};
/** Says that it has 900 million pixels. */
function vastPng(): Uint8Array {
  const bytes = pngOf(RED);
  bytes.writeUInt32BE(30_000, 16);
  bytes.writeUInt32BE(30_000, 20);
  return bytes;
}
const times = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));

describe('of a message that', { tags: ['heavy'] }, () => {
  const spoilt: readonly [what: string, said: string | Uint8Array, why: RegExp][] = [
    ['is of another kind', withHeader(0, 7), /LV9.*kind 7/],
    ['has another layout', withHeader(1, 9), /LV9.*version 9/],
    ['is cut off', pictureOf(RED, 2).subarray(0, 150), /LV9.*150 bytes/],
    ['has a byte', new Uint8Array(1), /LV9.*1 bytes/],
    ['has more bytes than pictures have', new Uint8Array(LIMITS.livePictureBytes + 1), /LV9.*at most/],
    ['has depth that inflates to more', depth(deflatedDepth(32 * 19)), /LV28.*more than the 576/],
    ['has depth that inflates to less', depth(deflatedDepth(32 * 17)), /LV28.*544 of the 576/],
    ['has depth that inflates to very much', depth(deflateRawSync(Buffer.alloc(200_000_000))), /LV28.*more than/],
    ['has depth that does not inflate', depth(new Uint8Array(90).fill(0xff)), /LV28.*inflate/],
    [
      'is a tile outside its picture',
      tileOf(RED, 2, { tile: { x: 33, y: 0, widthPx: 32, heightPx: 36 } }),
      /LV9.*tile/,
    ],
    ['is a part of nothing', withHeader(28, 32), /LV9.*part/],
    ['is a text that is too large', ' '.repeat(LIMITS.liveSceneBytes + 1), /too large/],
  ];
  it.each(spoilt)('%s, the connection is given up, and another one is good', async (_, said, why) => {
    server.answer = server.good(BLUE);
    server.peer.say(said);
    await expect.poll(() => server.peers.length, WAIT).toBe(2);
    expect(await states()).toContainEqual({
      ...{ phase: 'reconnecting', retryInMs: expect.any(Number), code: 'client.unreachable' },
      message: expect.stringMatching(why),
    });
    await seen(BLUE);
    expect(new Set(await painted())).toEqual(new Set([1]));
    await isTidy();
  });

  const ofNoUse: readonly [what: string, said: readonly (object | string | Uint8Array)[]][] = [
    ['was there before', [pictureOf(RED, 1)]],
    ['builds on one that is missing', [tileOf(RED, 3), tileOf(RED, 4)]],
    ['is unknown', [{ type: 'unheard-of', of: [[1]] }, 'no JSON', '[[[[', 'null']],
    ['tells who drives what it shows', [{ type: 'driver-view', view: { size: SIZE, frameNumber: 7 } }]],
    ['tells a scene without a place to stand', [{ ...SCENE, autoCamera: { ...SCENE.autoCamera, fovDeg: -1 } }]],
    ['tells of viewers that are none', [{ type: 'viewers', you: 'me', driver: {}, viewers: 3 }]],
  ];
  it.each(ofNoUse)('%s, nothing is taken', async (_, said) => {
    server.peer.say(...said, pictureOf(BLUE, 9));
    await seen(BLUE);
    expect(await painted()).toEqual([1, 9]);
    expect(server.peers).toHaveLength(1);
    expect(server.heard).not.toContain('view');
    await isTidy();
  });

  const undecodable: readonly [what: string, colour: Uint8Array][] = [
    ['no picture', new Uint8Array(500).fill(7)],
    ['nothing', new Uint8Array(0)],
    ['a picture of another size', pngOf(RED, { widthPx: 128, heightPx: 36 })],
    ['a picture that says it is vast', vastPng()],
  ];
  it.each(undecodable)('has %s as its colour, it is said, and the next is shown', async (_, colour) => {
    server.peer.say(encodePicture(headerOf(2), colour, deflatedDepth()), tileOf(RED, 3));
    await expect.poll(() => inPage<string[]>('live.notices'), WAIT).toHaveLength(1);
    await seen(GREEN);
    server.peer.say(pictureOf(BLUE, 4));
    await seen(BLUE);
    expect(await painted()).toEqual([1, 4]);
    expect(server.peers).toHaveLength(1);
    await isTidy();
  });
});

it('[LV30] tiles that come before a whole picture are no picture', { tags: ['heavy'] }, async () => {
  server.peer.say(SCENE, tileOf(RED, 1), tileOf(RED, 2), pictureOf(BLUE, 3));
  await seen(BLUE);
  expect(await painted()).toEqual([1, 3]);
});

it('[WS3] a server of an unknown version is a failure that is said; asked again, a good one is shown', async () => {
  server.answer = (peer) => peer.say({ ...WELCOME, protocol: 99 }, pictureOf(RED, 1));
  server.peer.socket.terminate();
  await expect
    .poll(async () => (await states()).at(-1), WAIT)
    .toMatchObject({ phase: 'failed', code: 'protocol.version' });
  expect(await inPage('live.middle()')).toEqual([...GREEN]);
  server.answer = server.good(BLUE);
  await inPage('live.viewport.open()');
  await seen(BLUE);
});

it('[LV34] what a driver shows that no server takes is not said to the next one', async () => {
  const viewers = [{ id: 1, label: 'Viewer 1', owner: true, mayDrive: true, asks: false, away: false }];
  const unusable = { size: SIZE, frameNumber: 3, samples: 'many', clip: 9 };
  server.peer.say({ type: 'viewers', you: 2, driver: 1, mayTake: false, input: 9, viewers });
  server.peer.say({ type: 'driver-view', view: unusable }, pictureOf(BLUE, 2));
  await expect.poll(() => inPage('live.viewport.look.samples'), WAIT).toBe('many');
  server.answer = server.good(RED);
  server.peer.socket.terminate();
  await seen(RED);
  expect(await inPage('live.viewport.look.samples')).toBe(1);
});

it('where the graphics of the page are reset, a whole picture comes again, and parts of it after that', {
  tags: ['heavy'],
}, async () => {
  const reset = (name: string) =>
    inPage(
      `lost = (window.lost ?? live.viewport.canvas.getContext('webgl2').getExtension('WEBGL_lose_context')), lost.${name}()`,
    );
  const of = (name: string) =>
    inPage(`new Promise((done) => live.viewport.canvas.addEventListener('${name}', () => done(), { once: true }))`);
  const lost = of('webglcontextlost');
  await reset('loseContext');
  await lost;
  server.peer.say(tileOf(RED, 2));
  const restored = of('webglcontextrestored');
  await reset('restoreContext');
  await restored;
  await seen(GREEN);
  expect(server.peers).toHaveLength(2);
  server.peer.say(tileOf(BLUE, 2, { tile: { x: 0, y: 0, ...SIZE } }));
  await seen(BLUE);
});

it('half of a frame and a hang-up cost the connection, and nothing that is shown', async () => {
  server.answer = server.good(BLUE);
  server.peer.line.write(halfFrame(chance(1), false));
  server.peer.line.end();
  await seen(BLUE);
  expect(server.peers).toHaveLength(2);
});

it('[LV4] of a flood of pictures the newest is shown, and nothing of the others is kept', {
  tags: ['heavy'],
}, async () => {
  server.peer.say(...times(800, (i) => pictureOf(RED, 2 + i)), pictureOf(BLUE, 802));
  await seen(BLUE);
  await expect.poll(painted, WAIT).toSatisfy((sequences: number[]) => sequences.at(-1) === 802);
  expect((await painted()).length).toBeLessThan(400);
  await isTidy();
});

it('[LV7] a flood of tiles is a fault', async () => {
  server.answer = server.good(BLUE);
  const tile = { x: 0, y: 0, widthPx: 1, heightPx: 1 };
  const one = tileOf(RED, 2, { tile, lastTile: false });
  // In one go: what is decoded meanwhile waits no more.
  server.peer.say(...times(20_000, () => one));
  await seen(BLUE);
  expect(await states()).toContainEqual(expect.objectContaining({ message: expect.stringContaining('LV7') }));
  await isTidy();
});

it(`[LV9, WS5] after each of ${SEEDS} broken servers a good one is shown`, { timeout: 600_000 }, () =>
  areSurvived(1, SEEDS),
);

it(
  `[LV9, WS5] after each of ${ALL_SEEDS - SEEDS} more broken servers a good one is shown`,
  { tags: ['heavy'], timeout: 600_000 },
  () => areSurvived(SEEDS + 1, ALL_SEEDS),
);

async function areSurvived(first: number, last: number): Promise<void> {
  for (let seed = first; seed <= last; seed++) {
    const random = chance(seed);
    server.answer = (peer) => speak(random, peer);
    const before = server.peers.length;
    server.peer.socket.terminate();
    await inPage('live.viewport.open()');
    await expect.poll(() => server.peers.length, { ...WAIT, message: `seed ${seed}` }).toBeGreaterThan(before);
    await new Promise((resolve) => setTimeout(resolve, 150));
    const colour: Colour = [seed * 4, 255 - seed * 3, 128];
    server.answer = server.good(colour);
    const { phase } = (await states()).at(-1) ?? {};
    expect({ seed, phase }).not.toMatchObject({ phase: 'closed' });
    server.peer.socket.terminate();
    await inPage('live.viewport.open()');
    await expect.poll(() => inPage('live.middle()'), { ...WAIT, message: `seed ${seed}` }).toEqual([...colour]);
  }
  await isTidy();
}

const FROM_SERVER: readonly object[] = [
  WELCOME,
  SCENE,
  LIVE,
  { type: 'state', state: 'worker-lost', message: 'The worker is gone', progress: null },
  { type: 'error', code: 'render.failed', message: 'no', fatal: false },
  { type: 'error', code: 'scene.refused', message: 'no', fatal: true },
  {
    ...{ type: 'viewers', you: 2, driver: 1, mayTake: false, input: 4_294_967_295 },
    viewers: [{ id: 1, label: '<img src=x onerror=alert(1)>', owner: true, mayDrive: true, asks: false, away: false }],
  },
  { type: 'driver-pose', pose: { ...POSE, position: [1, 2, 3] }, moving: true },
  { type: 'driver-view', view: { size: SIZE, frameNumber: 3, samples: 'many', clip: 9 } },
  { type: 'picked', request: 1, surface: null },
  { type: 'alive' },
  { type: 'ended', reason: 'over' },
];

function speak(random: Random, peer: Peer): void {
  if (random() < 0.8) peer.say(WELCOME, SCENE, LIVE);
  let sequence = 0;
  for (let i = 0; i < 4 + random() * 20; i++) {
    const how = random();
    if (random() < 0.7) sequence += 1;
    if (how < 0.15) peer.say(pictureOf(RED, Math.max(1, sequence)));
    else if (how < 0.35) peer.say(spoiledBytes(random, pictureOf(RED, Math.max(1, sequence)), PICTURE_HEADER_BYTES));
    else if (how < 0.5) peer.say(spoiledBytes(random, tileOf(RED, Math.max(1, sequence)), PICTURE_HEADER_BYTES + 60));
    else if (how < 0.6) peer.say(tileOf(RED, Math.max(1, sequence), { lastTile: random() < 0.5 }));
    else if (how < 0.75) peer.say(pick(random, FROM_SERVER));
    else peer.say(broken(random, spoiled(random, pick(random, FROM_SERVER)), LIMITS.liveSceneBytes));
  }
  const end = random();
  if (end < 0.2) peer.line.write(halfFrame(random, false));
  if (end < 0.4) peer.line.destroy();
  else if (end < 0.6) peer.socket.close(pick(random, [1000, 1011, 1012, 4400, 4404, 4409, 4426, 4999]));
}
