/** Visitors of a farm's web app, each in a browser without a profile. */
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'puppeteer';
import { expect } from 'vitest';
import { withPlainBrowser } from '../../../src/trial/plain-browser.ts';
import { startTrialFarm, type TrialFarm } from '../../../src/trial/trial-farm.ts';
import { type Pixels, readPixels } from './pixels.ts';

/** Ends what hangs; no measurement. */
export const HANGS_MS = 400_000;
export const id = (testId: string, state = '') => `[data-testid="${testId}"]${state}`;
export const LIVE = id('live-canvas', '[data-state="live"][data-final="true"]');

export class Visitors {
  readonly farm: TrialFarm;
  /** Theirs to read from and to download to. */
  readonly folder: string;

  private constructor(farm: TrialFarm, folder: string) {
    this.farm = farm;
    this.folder = folder;
  }

  static async start(): Promise<Visitors> {
    const farm = await startTrialFarm();
    const folder = await mkdtemp(join(tmpdir(), 'kiln-visitor-'));
    // Under root the browser is another user: it reads what is dropped here, and writes what it downloads.
    await chmod(folder, 0o777);
    return new Visitors(farm, folder);
  }

  /** As `withPlainBrowser`; what failed is told with what the page showed and what the farm said last. */
  async visit(work: (page: Page) => Promise<void>): Promise<void> {
    await withPlainBrowser(async (page) => {
      try {
        await work(page);
      } catch (error) {
        const shown = await within5s(
          page.evaluate('[document.visibilityState, location.pathname, document.body.innerText].join("\\n")'),
        );
        const live = await within5s(onElement(page, id('live-canvas'), 'JSON.stringify({ ...element?.dataset })'));
        const painted = await within5s(page.evaluate('new Promise((resolve) => requestAnimationFrame(resolve))'));
        const told = `live view: ${live}\ndisplay frame: ${painted}\npage: ${shown}\n${await this.#endOfLogs()}`;
        throw new Error(`${error}\n${told}`, { cause: error });
      }
    });
  }

  /** Signs in. */
  async open(page: Page): Promise<void> {
    page.setDefaultTimeout(HANGS_MS / 4);
    await page.setViewport({ width: 1200, height: 800 });
    const { url } = await this.farm.client.createSignInCode();
    await page.goto(url);
    await page.waitForSelector(id('home'));
  }

  async #endOfLogs(): Promise<string> {
    const logs = join(this.farm.home, 'logs');
    const texts = (await readdir(logs)).map(async (name) => {
      const text = await readFile(join(logs, name), 'utf8');
      return `${name}:\n${text.slice(-6_000)}`;
    });
    return (await Promise.all(texts)).join('\n');
  }

  async remove(): Promise<void> {
    await this.farm.remove();
    await rm(this.folder, { recursive: true, force: true });
  }
}

const within5s = (answer: Promise<unknown>): Promise<unknown> =>
  Promise.race([
    answer.catch((error: unknown) => String(error)),
    new Promise((resolve) => setTimeout(resolve, 5_000, 'none within 5 s')),
  ]);

/** Runs an expression on the page's first such element, called `element` there. */
export const onElement = (page: Page, selector: string, expression: string): Promise<unknown> =>
  page.evaluate(
    `(() => { const element = document.querySelector(${JSON.stringify(selector)}); return ${expression}; })()`,
  );

export async function liveView(page: Page): Promise<Pixels> {
  await page.waitForSelector(LIVE);
  const stage = await page.waitForSelector(id('live-stage'));
  return readPixels(Buffer.from((await stage?.screenshot({ type: 'png' })) ?? []));
}

export const isBlue = ({ r, g, b }: { r: number; g: number; b: number }): boolean => b > 150 && Math.max(r, g) < b / 2;

export function expectRed({ r, g, b }: { r: number; g: number; b: number }): void {
  expect(r).toBeGreaterThan(150);
  expect(Math.max(g, b)).toBeLessThan(r / 2);
}

/** Drags over half of the view's height, which turns it round. */
export async function halfTurn(page: Page): Promise<void> {
  await page.bringToFront();
  const box = await (await page.waitForSelector(LIVE))?.boundingBox();
  if (!box) throw new Error('the live view has no size');
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  // A drag over the view's height is a whole turn.
  await page.mouse.move(x + box.height / 2, y, { steps: 8 });
  await page.mouse.up();
}
