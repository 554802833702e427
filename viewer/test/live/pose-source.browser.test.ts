import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Page } from 'puppeteer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChromium, type TestBrowser } from '../chromium.ts';
import { scriptOf } from '../script.ts';
import type { Held } from './pose-source-page.ts';

let chromium: TestBrowser;
let page: Page;
let server: Server;

beforeAll(async () => {
  const script = await scriptOf(fileURLToPath(new URL('pose-source-page.ts', import.meta.url)));
  server = createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : '<!doctype html><body><script type="module" src="/page.js"></script>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  chromium = await startChromium();
  page = await chromium.browser.newPage();
  await page.setViewport({ width: 1_500, height: 1_000 });
  const address = server.address();
  await page.goto(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`);
  await page.waitForFunction('window.held !== undefined');
});
afterAll(async () => {
  await chromium?.close();
  server?.close();
});

const call = (name: string, ...order: number[]) => page.evaluate(`window.${name}(...${JSON.stringify(order)})`);
const held = async () => (await call('held')) as Held;

/** Both have bars: beside the picture, or above and below it. */
describe.each([
  ['a high picture in a wide stage', 1_400, 710, 9 / 16],
  ['a wide picture in a high stage', 500, 900, 16 / 9],
])('%s', (_, width, height, aspect) => {
  const at: [number, number] = [20 + width / 2 + 90, 20 + height / 2 - 60];

  it('is zoomed around the pointer', async () => {
    await call('stage', width, height, aspect);
    await page.mouse.move(...at);
    await call('hold', ...at);
    for (let n = 0; n < 3; n += 1) await page.mouse.wheel({ deltaY: -120 });
    await expect.poll(async () => (await held()).distance).toBeLessThan(4.5);
    const { x, y, moves } = await held();
    expect(Math.hypot(x - at[0], y - at[1])).toBeLessThan(2);
    expect(moves).toBe(3);
  });

  it('goes with the pointer that shifts it', async () => {
    await call('stage', width, height, aspect);
    await page.mouse.move(...at);
    await call('hold', ...at);
    await page.mouse.down({ button: 'right' });
    for (let n = 1; n <= 4; n += 1) {
      await page.mouse.move(at[0] - 20 * n, at[1] + 10 * n);
      await held();
    }
    await page.mouse.up({ button: 'right' });
    const { x, y, moves } = await held();
    expect(moves).toBeGreaterThan(0);
    expect(Math.hypot(x - (at[0] - 80), y - (at[1] + 40))).toBeLessThan(2);
  });
});
