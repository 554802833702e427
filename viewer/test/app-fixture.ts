/** The built web app in Chromium against a fake farm, for tests that do what a person does. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ElementHandle, Page } from 'puppeteer';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { buildApp } from './built-app.ts';
import { startChromium, type TestBrowser } from './chromium.ts';
import { type FakeFarm, startFakeFarm } from './fake-farm/fake-farm.ts';

/** Not a measurement: it only ends what hangs. */
export const HANGS_MS = 90_000;

/** @param state further attribute selectors. */
export const test = (id: string, state = '') => `[data-testid="${id}"]${state}`;
export const LIVE = test('live-canvas', '[data-state="live"]');

export interface AppFixture {
  readonly page: Page;
  readonly farm: FakeFarm;
  signIn(): Promise<void>;
  /** Waits for an element that is shown. */
  see(id: string, state?: string): Promise<void>;
  gone(id: string, state?: string): Promise<void>;
  /** Opens a part of the render form. */
  unfold(section: string): Promise<void>;
  textOf(id: string): Promise<string>;
  replaceText(id: string, text: string): Promise<void>;
  /** Gives the files picker of the page a file. */
  drop(name: string, content: string | Buffer, into?: string): Promise<void>;
  /** Signs in and opens a new scene. */
  openScene(): Promise<string>;
  /** Waits until the picture on the screen is the last one and answers a later input than `input`. */
  seeFinalPicture(input?: number): Promise<void>;
}

/** Registers what starts before, and ends after, every test of the file; a page that complains fails its test. */
export function useApp(): AppFixture {
  let app: Awaited<ReturnType<typeof buildApp>>;
  let chromium: TestBrowser;
  let folder: string;
  let farm: FakeFarm;
  let page: Page;
  /** What the page complained of; violations of the content policy among it. */
  let complaints: string[];

  beforeAll(async () => {
    app = await buildApp();
    chromium = await startChromium();
    folder = await mkdtemp(join(tmpdir(), 'kiln-drop-'));
    // Under root the browser is another user.
    await chmod(folder, 0o755);
  });

  afterAll(async () => {
    await chromium?.close();
    await app?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    farm = await startFakeFarm(app.folder);
    const context = await chromium.browser.createBrowserContext();
    page = await context.newPage();
    // A page behind another gets no display frames.
    await page.bringToFront();
    page.setDefaultTimeout(HANGS_MS);
    complaints = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' && !/Failed to load resource|WebSocket/.test(message.text())) {
        complaints.push(message.text());
      }
    });
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') console.error(await lookOf(page));
    await page.browserContext().close();
    await farm.close();
    expect(complaints).toEqual([]);
  });

  const fixture: AppFixture = {
    get page() {
      return page;
    },
    get farm() {
      return farm;
    },
    async signIn() {
      await page.goto(`${farm.url}/#code=good-code`);
      await fixture.see('home');
    },
    async see(id, state) {
      await page.waitForSelector(test(id, state), { visible: true });
    },
    async gone(id, state) {
      await page.waitForSelector(test(id, state), { hidden: true });
    },
    async unfold(section) {
      await page.click(test(`section-${section}-head`));
      await page.waitForSelector(test(`section-${section}`, '[open]'));
    },
    textOf: (id) => page.$eval(test(id), (element) => element.textContent ?? ''),
    async replaceText(id, text) {
      await page.click(test(id), { count: 3 });
      await page.type(test(id), text);
    },
    async drop(name, content, into = 'drop-files-input') {
      const path = join(folder, name);
      await writeFile(path, content, { mode: 0o644 });
      const input = await page.waitForSelector(test(into));
      // The selector names an input, which puppeteer's types cannot know.
      await (input as ElementHandle<HTMLInputElement> | null)?.uploadFile(path);
    },
    async openScene() {
      const scene = farm.state.addScene('Spheres');
      await fixture.signIn();
      await page.goto(`${farm.url}/scenes/${scene.id}`);
      await page.waitForSelector(LIVE);
      return scene.id;
    },
    async seeFinalPicture(input = 0) {
      await page.waitForFunction(
        (selector, least) => {
          const { dataset } = document.querySelector<HTMLElement>(selector) ?? {};
          return dataset?.final === 'true' && Number(dataset.input) > least;
        },
        {},
        LIVE,
        input,
      );
    },
  };
  return fixture;
}

/** What a page shows, and whether it still does anything: for whoever reads why a test failed. */
async function lookOf(page: Page): Promise<string> {
  const look = page.evaluate(`new Promise((resolve) => {
    const live = document.querySelector('${test('live-canvas')}');
    const told = [location.pathname, JSON.stringify({ ...live?.dataset }), document.body.innerText].join('\\n');
    setTimeout(resolve, 2_000, 'no display frame within 2 s\\n' + told);
    requestAnimationFrame(() => resolve(told));
  })`);
  const late = new Promise((resolve) => setTimeout(resolve, 5_000, 'The page does not answer.'));
  return String(await Promise.race([look.catch(String), late]));
}
