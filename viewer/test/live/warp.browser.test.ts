import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Page } from 'puppeteer';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startChromium, type TestBrowser } from '../chromium.ts';
import { scriptOf } from '../script.ts';
import type { Shown, Turn } from './warp-page.ts';

let chromium: TestBrowser;
let page: Page;
let server: Server;
/** A shader that does not compile is told on the console. */
let complaints: string[];

beforeAll(async () => {
  const script = await scriptOf(fileURLToPath(new URL('warp-page.ts', import.meta.url)));
  server = createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : '<!doctype html><body><script type="module" src="/page.js"></script>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  chromium = await startChromium();
});
beforeEach(async () => {
  complaints = [];
  page = await chromium.browser.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  const address = server.address();
  await page.goto(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`);
  await page.waitForFunction('window.upload !== undefined');
});
afterEach(async () => {
  await page.close();
  expect(complaints).toEqual([]);
});
afterAll(async () => {
  await chromium?.close();
  server?.close();
});

const call = (name: string, ...order: unknown[]) => page.evaluate(`window.${name}(...${JSON.stringify(order)})`);
const upload = (turn: Turn, options: object = {}) => call('upload', turn, options);
const show = async (turn: Turn | null, truth: Turn, blends = false) => {
  return (await call('show', turn, truth, blends)) as Shown;
};
const GUARD = { wider: 1.1 };
const REST: Turn = { degrees: 0 };

test.each<[string, Turn, number]>([
  ['a turn of 3°', { degrees: 3 }, 0.25],
  ['a turn of −3°', { degrees: -3 }, 0.25],
  ['a turn of 6°', { degrees: 6 }, 0.3],
  ['a step forward', { degrees: 0, nearer: 0.05 }, 0.35],
])('%s shows what is seen there', async (_, turn, share) => {
  await upload(REST, GUARD);
  const stale = await show(null, turn);
  const warped = await show(turn, turn);
  expect(warped.error).toBeLessThan(stale.error * share);
});

test('a picture in which nothing stands is turned, too', async () => {
  const edge = async (degrees: number) => {
    await show({ degrees }, REST);
    return Number(await call('whiteFromPx'));
  };
  await call('uploadSky', REST);
  const [before, left, right] = [await edge(0), await edge(3), await edge(-3)];
  // tan 3° ÷ (16 ÷ 9 · tan 19°), of half the width.
  expect(before).toBe(240);
  expect(Math.abs(left - before)).toBeGreaterThan(18);
  expect(Math.abs(left - before)).toBeLessThan(23);
  expect(right - before).toBeCloseTo(before - left, -1);
  // Something stands in the next one: the sky of before is no reason to let go of it.
  await upload(REST, GUARD);
  expect((await show(REST, REST)).error).toBeLessThan(0.03);
});

test('a picture with a guard band shows what its viewer sees of it', async () => {
  await upload(REST, GUARD);
  expect((await show(REST, REST)).error).toBeLessThan(0.03);
});

test('at rest the picture is shown pixel for pixel', async () => {
  await upload(REST);
  await show({ degrees: 2 }, REST);
  await show(REST, REST);
  expect(await call('mostApart')).toBe(0);
});

test('what a movement needs is made while nothing moves, and not seen', { tags: ['heavy'] }, async () => {
  await upload(REST);
  for (let frame = 0; frame < 12; frame += 1) await show(REST, REST);
  expect(await call('mostApart')).toBe(0);
  const linked = await call('linked');
  await show({ degrees: 2 }, REST);
  await upload({ degrees: 3 }, { ...GUARD, planes: true });
  await show({ degrees: 3.5 }, REST, true);
  await show({ degrees: 4 }, REST, true);
  await upload({ degrees: 4 }, { ...GUARD, planes: true });
  await show({ degrees: 4.5 }, REST, true);
  expect(await call('linked')).toBe(linked);
});

test('a hand that moves at once waits for no more than it needs', { tags: ['heavy'] }, async () => {
  await upload(REST);
  await show(REST, REST);
  const before = Number(await call('linked'));
  await show({ degrees: 2 }, REST);
  const moving = Number(await call('linked'));
  for (let frame = 0; frame < 12; frame += 1) await show({ degrees: 2 }, REST);
  expect(moving).toBeGreaterThan(before);
  expect(Number(await call('linked'))).toBeGreaterThan(moving);
});

test('what is see-through shows a checkerboard, or the page where it is told so: at rest, moved, and in files', {
  tags: ['heavy'],
}, async () => {
  const see = async () => (await call('alphas')) as { shown: number[]; inPng: number[] };
  await upload(REST, { ...GUARD, alpha: 128 });
  await show({ degrees: 2 }, REST);
  expect((await see()).shown).toEqual([255, 255]);
  await page.goto(`${page.url()}?shows-page`);
  await page.waitForFunction('window.upload !== undefined');
  await upload(REST, { ...GUARD, alpha: 128 });
  const moved = await show({ degrees: 2 }, { degrees: 2 });
  expect(await see()).toEqual({ shown: [128, 128], inPng: [128, 128] });
  // The colours are those of the picture, not multiplied twice.
  expect(moved.error).toBeLessThan(0.1);
  await upload({ degrees: 2 }, { ...GUARD, alpha: 128 });
  await show({ degrees: 3 }, REST, true);
  expect(await see()).toEqual({ shown: [128, 128], inPng: [128, 128] });
  await upload(REST, { alpha: 128 });
  await show(REST, REST);
  expect(await see()).toEqual({ shown: [128, 128], inPng: [128, 128] });
  // Canvases round what they multiply by alpha.
  expect(await call('mostApart')).toBeLessThanOrEqual(2);
});

test('a picture without depth is shown as it is, from wherever', async () => {
  await upload({ degrees: 3 });
  await upload(REST, { depth: false });
  await show({ degrees: 3 }, REST, true);
  expect(await call('mostApart')).toBe(0);
});

test('what no camera of the hand looks at is shown as it is', async () => {
  await upload(REST);
  await show({ degrees: 3 }, REST);
  await show(null, REST);
  expect(await call('mostApart')).toBe(0);
});

test('the picture before shows what the newest does not', async () => {
  const turn = { degrees: 12 };
  await upload(REST, GUARD);
  const alone = await show(turn, turn);
  await page.reload();
  await page.waitForFunction('window.upload !== undefined');
  await upload(turn, GUARD);
  await upload(REST, GUARD);
  expect((await show(turn, turn)).error).toBeLessThan(alone.error * 0.9);
});

test('what a turn uncovers is filled from what is beside it, not from the sky around', async () => {
  const turn = { degrees: 12 };
  await upload(REST, GUARD);
  await show(turn, turn);
  expect((await show(turn, turn)).sky).toBeLessThan(0.03);
});

test('what has moved away is no longer seen where the picture before saw it', async () => {
  const between = { degrees: 3 };
  await upload(REST, GUARD);
  const alone = await show(between, between);
  await page.reload();
  await page.waitForFunction('window.upload !== undefined');
  await upload({ degrees: 6 }, { ...GUARD, frame: 12 });
  await upload(REST, GUARD);
  expect((await show(between, between)).error).toBeLessThan(alone.error * 1.02);
});

test('a new picture comes in within three display frames, and not at once', async () => {
  await upload({ degrees: 3 });
  for (let i = 0; i < 4; i += 1) await show(REST, REST, true);
  await upload(REST);
  await show(REST, REST, true);
  const first = Number(await call('mostApart'));
  expect(first).toBeGreaterThan(20);
  await show(REST, REST, true);
  expect(await call('mostApart')).toBeLessThan(first);
  await show(REST, REST, true);
  expect(await call('mostApart')).toBe(0);
});

test('a coarser picture and one of another size are warped too', { tags: ['heavy'] }, async () => {
  const turn = { degrees: 3 };
  await upload({ degrees: -2 }, GUARD);
  await upload(REST, { ...GUARD, size: { widthPx: 241, heightPx: 135 } });
  const stale = await show(null, turn);
  expect((await show(turn, turn)).error).toBeLessThan(stale.error * 0.4);
});

test('a view that changes its size keeps showing what is seen', { tags: ['heavy'] }, async () => {
  const turn = { degrees: 3 };
  await upload(REST, GUARD);
  const stale = await show(null, turn);
  await show(turn, turn);
  // Bars above and below.
  await call('resize', 480, 400);
  expect((await show(turn, turn)).error).toBeLessThan(stale.error * 0.25);
});

test('a GPU that lost everything shows the next picture, and turns it', { tags: ['heavy'] }, async () => {
  const turn = { degrees: 3 };
  await upload(REST, GUARD);
  await show(turn, turn);
  await call('loseContext');
  await upload(REST, GUARD);
  const stale = await show(null, turn);
  expect((await show(turn, turn)).error).toBeLessThan(stale.error * 0.25);
});
