import { once } from 'node:events';
import { request } from 'node:http';
import type { KilnError, LiveView, SceneSource } from '@kiln/shared';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { LineTail } from '../../src/browser/line-tail.ts';
import { PageTaken } from '../../src/browser/page-taken.ts';
import { systemClock } from '../../src/clock.ts';
import { WORKER_LIMITS } from '../../src/limits.ts';
import { type PageCall, SOCKET_ROUTE } from '../../src/page/contract.ts';
import { PageHost } from '../../src/page-host/page-host.ts';
import type { PageSite } from '../../src/page-host/page-site.ts';
import type { RefineArguments } from '../../src/pool/page-orders.ts';
import { ScenePage } from '../../src/pool/scene-page.ts';
import { SETTINGS } from '../page/test-page.ts';
import { silent } from '../support/silent.ts';

const GIB = 1_073_741_824;

let host: PageHost;
let socket: WebSocket;
let page: ScenePage;
/** GPU memory of each scene, which the page says when it has loaded it. */
let gpuBytes: Record<string, number>;
/** A frame that the page draws and does not encode, and one that it never ends drawing. */
const DRAWN = 7;
const STUCK = 8;
/** Code that the page answers a load with, instead. */
let refusal: string | null;
let unloaded: string[];
/** What the page answers next of resting views. */
let refined: { readonly hasRoom: boolean; readonly isOver: boolean };

/** Opens the socket of a page as Chromium does: through a tunnel of its only network. */
async function openSocket(site: PageSite, port: number): Promise<WebSocket> {
  const asked = request({ port, host: '127.0.0.1', method: 'CONNECT', path: `${site.host}:80` });
  asked.end();
  const [, tunnel] = await once(asked, 'connect');
  const opened = new WebSocket(`ws://${site.host}${SOCKET_ROUTE}`, {
    origin: `http://${site.host}`,
    createConnection: () => tunnel,
  });
  await once(opened, 'open');
  return opened;
}

function answer(call: PageCall): object {
  if (call.call === 'unload') {
    unloaded.push(call.sceneHash);
    return { event: 'done', id: call.id, result: null };
  }
  if (call.call === 'frame' && call.frameNumber === STUCK) return { event: 'progress', id: call.id, fraction: 0 };
  if (call.call === 'frame' && call.frameNumber === DRAWN) return { event: 'drawn', id: call.id };
  if (call.call === 'frame') {
    return { event: 'done', id: call.id, result: { gpuBytes: gpuBytes[call.sceneHash] ?? 1 } };
  }
  if (call.call === 'forget' || call.call === 'standing') return { event: 'done', id: call.id, result: null };
  if (call.call === 'refine') return { event: 'done', id: call.id, result: { ...refined, gpuBytes: 1 } };
  if (call.call !== 'load' || refusal !== null) {
    return { event: 'failed', id: call.id, code: refusal ?? 'render.failed', message: 'as told', stack: '' };
  }
  const { sceneHash } = call.scene;
  return { event: 'done', id: call.id, result: { gpuBytes: gpuBytes[sceneHash] ?? 1, loadedNow: true } };
}

beforeEach(async () => {
  gpuBytes = {};
  refusal = null;
  unloaded = [];
  host = await PageHost.open('/nowhere', silent);
  const site = host.addSite();
  socket = await openSocket(site, host.port);
  socket.on('message', (data) => socket.send(JSON.stringify(answer(JSON.parse(String(data))))));
  const close = async (reason: KilnError) => site.client.end(reason);
  page = new ScenePage({ site, client: site.client, console: new LineTail(1, 1), close }, systemClock);
});

afterEach(async () => {
  socket.terminate();
  await host.close();
});

/** Holds and loads a scene. @returns lets it go */
async function load(sceneHash: string): Promise<() => void> {
  const release = page.hold(sceneHash);
  const source: SceneSource = { sceneHash, entry: 'scene.glb', files: [] };
  await page.load({ source, files: new Map(), backend: 'webgl' });
  return release;
}

it('unloads no scene that is held, whatever the others take', async () => {
  gpuBytes = { a: 2 * GIB, b: 2 * GIB, c: 2 * GIB };
  const releaseA = await load('a');
  const releaseB = await load('b');
  for (let n = 0; n < WORKER_LIMITS.pageScenes; n++) await load(`small ${n}`);
  expect(unloaded).toEqual([]);
  releaseB();
  releaseA();
  await load('c');
  expect(unloaded).toEqual(['b', 'a']);
  expect(page.sceneHashes).not.toContain('a');
});

it('unloads by what a scene takes after it was drawn: path tracing has more of it', async () => {
  const release = await load('a');
  gpuBytes = { a: 3 * GIB };
  const output = { name: 'unused', diskPath: '/nowhere', maxBytes: 1 };
  await page.drawFrame({ sceneHash: 'a', settings: SETTINGS, backend: 'webgl', frameNumber: 1 }, output, 1_000, {});
  release();
  expect(unloaded).toEqual([]);
  await load('b');
  expect(unloaded).toEqual(['a']);
});

it('keeps scenes that nobody holds while there is room, and unloads what was used longest ago', async () => {
  for (let n = 0; n < WORKER_LIMITS.pageScenes; n++) (await load(`${n}`))();
  (await load('0'))();
  expect(unloaded).toEqual([]);
  await load('another');
  expect(unloaded).toEqual(['1']);
  expect(['another', '1'].map((sceneHash) => page.loadsOf(sceneHash))).toEqual([1, 0]);
  (await load('1'))();
  expect(page.loadsOf('1')).toBe(1);
});

it('tells one of all who ask at once that the scene was loaded now', async () => {
  page.hold('a');
  const source: SceneSource = { sceneHash: 'a', entry: 'scene.glb', files: [] };
  const results = await Promise.all([1, 2, 3].map(() => page.load({ source, files: new Map(), backend: 'webgl' })));
  expect(results.map(({ loadedNow }) => loadedNow)).toEqual([true, false, false]);
});

it('counts no scene as loaded whose load has failed, held or not', async () => {
  refusal = 'scene.bad_json';
  await expect(load('a')).rejects.toMatchObject({ code: 'scene.bad_json' });
  expect(page.has('a')).toBe(false);
  expect(page.sceneHashes).toEqual([]);
  expect(page.users).toBe(1);
  refusal = null;
  await load('a');
  expect(page.sceneHashes).toEqual(['a']);
});

it('blames one call for the time limit that ends the page: neither what waits nor what is drawn already', async () => {
  await load('a');
  const draw = (frameNumber: number, timeoutMs: number) =>
    page.drawFrame(
      { sceneHash: 'a', settings: SETTINGS, backend: 'webgl', frameNumber },
      { name: `${frameNumber}`, diskPath: '/nowhere', maxBytes: 1 },
      timeoutMs,
      {},
    );
  // Its own limit is the first to pass, and it is not what keeps the page from going on.
  const drawn = draw(DRAWN, 200);
  const [stuck, other, waits] = [draw(STUCK, 400), draw(STUCK, 60_000), load('b').then(() => draw(STUCK, 60_000))];
  await expect(stuck).rejects.toMatchObject({ code: 'render.timeout' });
  for (const neighbour of [drawn, other, waits]) await expect(neighbour).rejects.toBeInstanceOf(PageTaken);
  await expect(draw(1, 1_000)).rejects.toBeInstanceOf(PageTaken);
});

it('ends what is drawn and is never encoded, when nothing else is being drawn', async () => {
  await load('a');
  const output = { name: 'unused', diskPath: '/nowhere', maxBytes: 1 };
  const order = { sceneHash: 'a', settings: SETTINGS, backend: 'webgl', frameNumber: DRAWN } as const;
  await expect(page.drawFrame(order, output, 50, {})).rejects.toMatchObject({ code: 'render.timeout' });
});

it('answers a resting view without room when another is over or forgotten, or nobody wants it any more', async () => {
  await load('a');
  const view: LiveView = {
    ...{ samples: 4, clip: null, fps: 24, toneMapping: 'agx', exposureEv: 0, background: 'neutral' },
    ...{ size: SETTINGS.size, frameNumber: 1, depth: true, tiles: true },
  };
  const order: RefineArguments = {
    ...{ key: 'one', version: 1, sceneHash: 'a', view, backend: 'webgl', format: 'jpeg', quality: 75 },
    ...{ pose: { position: [0, 0, 0], quaternion: [0, 0, 0, 1], fovDeg: 40 }, exactFormat: 'png' },
    ...{ sliceMs: 1, mayShow: true, isFirstShown: false },
  };
  const stop = new AbortController();
  const ends: (() => void)[] = [
    () => page.forget('another'),
    () => {
      refined = { hasRoom: true, isOver: true };
      void page.refine(order, {});
    },
    () => stop.abort(),
  ];
  for (const end of ends) {
    refined = { hasRoom: false, isOver: false };
    let isAnswered = false;
    const askedAtMs = performance.now();
    const answer = page.refine(order, { signal: stop.signal }).finally(() => {
      isAnswered = true;
    });
    // Calls are answered in their order.
    await page.standing({ key: 'one', version: 1, view, format: 'jpeg', exactFormat: 'png', quality: 1, maxBytes: 1 });
    expect(isAnswered).toBe(false);
    end();
    await answer;
    expect(performance.now() - askedAtMs).toBeLessThan(WORKER_LIMITS.roomWaitMs);
  }
});
