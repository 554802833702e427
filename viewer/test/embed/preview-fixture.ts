/** A page with a `<kiln-preview>` in Chromium, and a farm that draws a traced scene, for tests of what the element does. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ViewerHello, ViewerMessage } from '@kiln/shared';
import type { Page } from 'puppeteer';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { startChromium, type TestBrowser } from '../chromium.ts';
import { type FakeFarm, startFakeFarm } from '../fake-farm/fake-farm.ts';
import { scriptOf } from '../script.ts';

/** Ends what hangs; no measurement. */
export const HANGS_MS = 90_000;
const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Page</title>
<link rel="stylesheet" href="/page.css"><main><h1>Page</h1></main><script type="module" src="/page.js"></script>`;
const STYLE = 'body { margin: 0; background: #fff; } kiln-preview { width: 640px; height: 360px; }';
const POSTER = 'data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==';

/** A minute is over at once; whether the page is hidden, the test says by `hide`. For `evaluateOnNewDocument`. */
export const HIDES = `{
  const { setTimeout } = window;
  let isHidden = false;
  window.setTimeout = (callback, ms, ...rest) => setTimeout(callback, ms === 60_000 ? 0 : ms, ...rest);
  Object.defineProperty(document, 'hidden', { get: () => isHidden });
  window.hide = (hides) => {
    isHidden = hides;
    document.dispatchEvent(new Event('visibilitychange'));
  };
}`;

interface PreviewFixture {
  readonly page: Page;
  readonly farm: FakeFarm;
  /** Opens the page, with an element that has these attributes. */
  show(attributes?: Readonly<Record<string, string>>): Promise<void>;
  /** Runs in the page, with the element as `preview` and its inside as `root`. */
  inPage<T>(code: string): Promise<T>;
  loaded(): Promise<unknown>;
  isPosterGone(): Promise<boolean>;
  /** How many sessions were asked for. */
  hellos(): number;
  lastHello(): ViewerHello | ViewerMessage | undefined;
  /** How many were ended. */
  byes(): number;
}

/** Registers what starts before, and ends after, every test of the file; a page that complains fails its test. */
export function usePreview(): PreviewFixture {
  let folder: string;
  let chromium: TestBrowser;
  let farm: FakeFarm;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kiln-embed-page-'));
    await writeFile(join(folder, 'index.html'), PAGE);
    await writeFile(join(folder, 'page.css'), STYLE);
    await writeFile(
      join(folder, 'page.js'),
      await scriptOf(fileURLToPath(new URL('preview-page.ts', import.meta.url))),
    );
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
    complaints = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
  });
  afterEach(async () => {
    await page.browserContext().close();
    await farm.close();
    expect(complaints).toEqual([]);
  });

  const inPage = <T>(code: string): Promise<T> =>
    page.evaluate(
      `(async (preview, root) => { ${code} })(...[document.querySelector('kiln-preview')].flatMap((it) => [it, it.shadowRoot]))`,
    ) as Promise<T>;

  return {
    get page() {
      return page;
    },
    get farm() {
      return farm;
    },
    async show(attributes = {}) {
      const scene = farm.state.addScene('Spheres');
      await page.goto(`${farm.url}/`);
      await page.waitForFunction('window.heard !== undefined');
      const all = { src: scene.id, alt: 'Spheres on a floor', poster: POSTER, ...attributes };
      await page.evaluate(`(() => {
        const made = document.createElement('kiln-preview');
        for (const [name, value] of Object.entries(${JSON.stringify(all)})) made.setAttribute(name, value);
        document.querySelector('main').append(made);
      })()`);
    },
    inPage,
    loaded: () => page.waitForFunction(`document.querySelector('kiln-preview').loaded`),
    isPosterGone: () => inPage<boolean>(`return root.querySelector('.poster').classList.contains('gone')`),
    hellos: () => farm.live.messages.filter(({ type }) => type === 'hello').length,
    lastHello: () => farm.live.messages.findLast(({ type }) => type === 'hello'),
    byes: () => farm.live.messages.filter(({ type }) => type === 'bye').length,
  };
}
