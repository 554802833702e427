/** The remote picture in the host's scene: what stands before what, whatever the host draws with. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Page } from 'puppeteer';
import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest';
import { startChromium, type TestBrowser } from '../chromium.ts';
import { scriptOf } from '../script.ts';
import type { Drawn, Form, Host } from './screen-page.ts';

let chromium: TestBrowser;
let server: Server;
let address: string;

beforeAll(async () => {
  const script = await scriptOf(fileURLToPath(new URL('screen-page.ts', import.meta.url)));
  server = createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : '<!doctype html><body><script type="module" src="/page.js"></script>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  address = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}/`;
  chromium = await startChromium(['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader']);
});
afterAll(async () => {
  await chromium?.close();
  server?.close();
});

const call = <T>(page: Page, name: string, ...order: unknown[]) =>
  page.evaluate(`window.${name}(...${JSON.stringify(order)})`) as Promise<T>;

/** Runs `work` in a page of its own; shaders that do not compile are told on its console. */
async function inPage(work: (page: Page) => Promise<void>): Promise<void> {
  const page = await chromium.browser.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  try {
    await page.goto(address);
    await page.waitForFunction('window.start !== undefined');
    await work(page);
    expect(complaints).toEqual([]);
  } finally {
    await page.close();
  }
}

const ALL: readonly Form[] = ['rgb', 'yuv', 'hollow'];
type HostCase = readonly [draws: string, Host, readonly Form[]];
const HOSTS: readonly HostCase[] = [
  ['WebGL', { kind: 'webgl' }, ALL],
  ['WebGL', { kind: 'webgl', isElsewhere: true }, ['rgb']],
  ['nodes, WebGPU', { kind: 'webgpu' }, ALL],
  ['nodes, WebGL', { kind: 'webgpu', options: { forceWebGL: true } }, ALL],
];
/** With other depth buffers. */
const RARER_HOSTS: readonly HostCase[] = [
  ['WebGL, logarithmic', { kind: 'webgl', options: { logarithmicDepthBuffer: true } }, ['rgb']],
  ['WebGL, reversed', { kind: 'webgl', options: { reversedDepthBuffer: true } }, ['rgb']],
  ['nodes, WebGPU, reversed', { kind: 'webgpu', options: { reversedDepthBuffer: true } }, ['rgb']],
  [
    'nodes, WebGL, logarithmic',
    { kind: 'webgpu', options: { forceWebGL: true, logarithmicDepthBuffer: true } },
    ['rgb'],
  ],
  ['nodes, WebGL, reversed', { kind: 'webgpu', options: { forceWebGL: true, reversedDepthBuffer: true } }, ['rgb']],
];

async function standBeforeAndBehind(
  [draws, host, forms]: HostCase,
  { skip }: Pick<TestContext, 'skip'>,
): Promise<void> {
  await inPage(async (page) => {
    const found = await call<string>(page, 'start', host);
    // A browser may be without WebGPU, or without what a reversed depth takes.
    if (found !== draws) skip(`it draws with ${found}`);
    for (const form of forms) {
      await call(page, 'give', form, 0, 1.1);
      // From where the picture was seen with more than is seen now, from elsewhere, and as it came.
      for (const [degrees, most] of [
        [0, 0.04],
        [4, 0.08],
      ] as const) {
        const drawn = await call<Drawn>(page, 'draw', degrees);
        expect(drawn.overlap, form).toBeGreaterThan(0.95);
        expect(drawn.error, form).toBeLessThan(most);
      }
      await call(page, 'give', form, 0, 1);
      const drawn = await call<Drawn>(page, 'draw', 0);
      expect(drawn.overlap, form).toBeGreaterThan(0.95);
      expect(drawn.error, form).toBeLessThan(0.03);
    }
    expect(await call(page, 'otherSees')).toBe(false);
  });
}

const TITLE = '%s %o: things stand before and behind, from where it was seen and beside';
test.for(HOSTS)(TITLE, standBeforeAndBehind);
test.for(RARER_HOSTS)(TITLE, { tags: ['heavy'] }, standBeforeAndBehind);
