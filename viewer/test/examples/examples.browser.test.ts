/** The example pages, with a farm that draws a traced scene. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'puppeteer';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startChromium, type TestBrowser } from '../chromium.ts';
import { type FakeFarm, startFakeFarm } from '../fake-farm/fake-farm.ts';
import { scriptOf } from '../script.ts';

/** Ends what hangs; no measurement. */
const HANGS_MS = 90_000;
const VIEWER = fileURLToPath(new URL('../..', import.meta.url));
const THREE = dirname(dirname(createRequire(import.meta.url).resolve('three')));
/** Where the pages get three from. */
const CDN = /^https:\/\/cdn\.jsdelivr\.net\/npm\/three@[^/]+\//;

let folder: string;
let chromium: TestBrowser;
let farm: FakeFarm;
let page: Page;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kiln-examples-'));
  await mkdir(join(folder, 'embed'));
  const write = async (name: string, entry: string, external?: string[]) =>
    writeFile(join(folder, 'embed', name), await scriptOf(join(VIEWER, entry), external));
  await write('kiln-preview.js', 'src/embed/kiln-preview.ts');
  await write('kiln-remote-view.js', 'src/sdk/remote-view.ts', ['three', 'three/webgpu', 'three/tsl']);
  for (const name of ['plain.html', 'game.html']) {
    const html = await readFile(join(VIEWER, 'examples', name), 'utf8');
    // The script is one file here: what it would load for the other kind of renderer is in it.
    const more = ['webgpu', 'tsl'].map((part) =>
      html.replace(/.*"three": ("[^"]+)three\.module\.js".*/s, `"three/${part}": $1three.${part}.js",`),
    );
    await writeFile(join(folder, name), html.replace('"three/addons/"', `${more.join('\n')}\n"three/addons/"`));
  }
  chromium = await startChromium();
});
afterAll(async () => {
  await chromium?.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  farm = await startFakeFarm(folder);
  const context = await chromium.browser.createBrowserContext();
  await context.setCookie({ name: 'kiln_session', value: 'good', domain: '127.0.0.1', path: '/' });
  page = await context.newPage();
  await page.bringToFront();
  page.setDefaultTimeout(HANGS_MS);
  // Pages of their own sites have policies of their own.
  await page.setBypassCSP(true);
  await page.setRequestInterception(true);
  page.on('request', async (request) => {
    if (!CDN.test(request.url())) return request.continue();
    const body = await readFile(join(THREE, request.url().replace(CDN, '')));
    return request.respond({ body, contentType: 'text/javascript', headers: { 'access-control-allow-origin': '*' } });
  });
});
afterEach(async () => {
  await page.browserContext().close();
  await farm.close();
});

const open = (name: string) => {
  const { id } = farm.state.addScene('Spheres');
  return page.goto(`${farm.url}/${name}?${new URLSearchParams({ farm: farm.url, src: id })}`);
};
const said = <T extends string>(name: T) => farm.live.messages.filter(({ type }) => type === name);

async function drag(): Promise<void> {
  await page.mouse.move(600, 300);
  await page.mouse.down();
  await page.mouse.move(680, 310, { steps: 4 });
  await page.mouse.up();
}

test('plain.html: a click asks what is there, a drag does not', async () => {
  await open('plain.html');
  await page.waitForFunction(`document.querySelector('kiln-preview').loaded`);
  await drag();
  await page.mouse.click(640, 300);
  await page.waitForFunction(`!document.querySelector('#said').textContent.startsWith('Click')`);
  expect(said('pick').length).toBe(1);
});

test('game.html: the camera stays where it is when the connection comes back', async () => {
  await open('game.html');
  const isShown = `document.querySelector('output').textContent === ''`;
  await page.waitForFunction(isShown);
  const last = () => farm.live.messages.flatMap((message) => (message.type === 'pose' ? [message.pose] : [])).at(-1);
  const first = last();
  await drag();
  await expect.poll(last, { timeout: HANGS_MS }).not.toEqual(first);
  const turned = () => Math.abs((last()?.position[0] ?? 0) - (first?.position[0] ?? 0));
  await expect.poll(turned, { timeout: HANGS_MS }).toBeGreaterThan(1);
  farm.dropLive();
  await expect.poll(() => said('hello').length, { timeout: HANGS_MS }).toBe(2);
  const poses = said('pose').length;
  await expect.poll(() => said('pose').length, { timeout: HANGS_MS }).toBeGreaterThan(poses);
  await expect.poll(() => farm.live.messages.at(-1)?.type, { timeout: HANGS_MS }).toBe('ack');
  expect(turned()).toBeGreaterThan(1);
});
