/** @module-tag heavy */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Page } from 'puppeteer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Audience } from '../../src/live/session-role.ts';
import { startChromium, type TestBrowser } from '../chromium.ts';
import { scriptOf } from '../script.ts';

let chromium: TestBrowser;
let page: Page;
let server: Server;

beforeAll(async () => {
  const script = await scriptOf(fileURLToPath(new URL('people-news-page.tsx', import.meta.url)));
  server = createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : '<!doctype html><body><script type="module" src="/page.js"></script>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  chromium = await startChromium();
  page = await chromium.browser.newPage();
  const address = server.address();
  await page.goto(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`);
  await page.waitForFunction('window.heardOf !== undefined');
});
afterAll(async () => {
  await chromium?.close();
  server?.close();
});

const viewer = (id: number) => ({
  ...{ id, label: `Viewer ${id}`, owner: id === 1, mayDrive: true },
  ...{ asks: false, away: false },
});
const alone: Audience = { you: 1, driver: 1, mayTake: false, viewers: [viewer(1)] };
const two: Audience = { ...alone, viewers: [viewer(1), viewer(2)] };
const asking: Audience = { ...two, viewers: [viewer(1), { ...viewer(2), asks: true }] };

test('who asks for the camera again is heard again, and nothing that was said before', async () => {
  const heardOf = (audiences: readonly Audience[]) =>
    page.evaluate(`window.heardOf(${JSON.stringify(audiences)})`) as Promise<string[]>;
  expect(await heardOf([alone, two, asking, two, asking])).toEqual([
    'You have the camera.',
    'Viewer 2 is here.',
    'Viewer 2 asks for the camera.',
    'Viewer 2 asks for the camera.',
  ]);
  // No more is kept than a few.
  await heardOf(Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? two : asking)));
  expect(await page.$$eval('[aria-live] > *', (entries) => entries.length)).toBe(5);
});
