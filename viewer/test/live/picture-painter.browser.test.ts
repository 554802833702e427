import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Page } from 'puppeteer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startChromium, type TestBrowser } from '../chromium.ts';
import { scriptOf } from '../script.ts';
import type { Difference, Patched } from './painter-page.ts';

let chromium: TestBrowser;
let page: Page;
let server: Server;

beforeAll(async () => {
  const script = await scriptOf(fileURLToPath(new URL('painter-page.ts', import.meta.url)));
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
  await page.waitForFunction('window.paintAndCompare !== undefined');
});
afterAll(async () => {
  await chromium?.close();
  server?.close();
});

const compare = async (...order: [codec: string, width: number, height: number, quality: number]) =>
  (await page.evaluate(`window.paintAndCompare(...${JSON.stringify(order)})`)) as Difference;

// Two decoders round apart; the doubled colour samples of a copy to RGBA are 80 apart at the edges of this pattern.
test.each([
  [640, 360, 0.75],
  [640, 360, 0.95],
  [161, 91, 0.85],
  [162, 91, 1],
])('a JPEG of %i × %i at %f is shown as the browser reads it', async (width, height, quality) => {
  const { planes, max, mean } = await compare('jpeg', width, height, quality);
  expect(planes).toBe(true);
  expect(max).toBeLessThan(24);
  expect(mean).toBeLessThan(1);
});

test.each(['png', 'webp'])('a %s is shown exactly', async (codec) => {
  expect(await compare(codec, 161, 91, 0.85)).toEqual({ planes: false, max: 0, mean: 0 });
});

test('pictures of many sizes take turns', async () => {
  for (const width of [64, 80, 96, 112, 64, 80, 128]) {
    expect((await compare('jpeg', width, 48, 0.9)).mean).toBeLessThan(1);
  }
});

test.each([
  ['png', false],
  ['jpeg', false],
  ['png', true],
])(
  '[LV30] a better part is put over a %s, pixel for pixel, and read back so (see-through: %s)',
  async (codec, isSeeThrough) => {
    const order = JSON.stringify([codec, isSeeThrough]);
    const { within, outside, inPng } = (await page.evaluate(`window.patchAndCompare(...${order})`)) as Patched;
    expect({ within, outside, inPng }).toEqual({ within: 0, outside: 0, inPng: 0 });
  },
);
