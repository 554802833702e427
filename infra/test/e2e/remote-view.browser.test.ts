/** The example game with a scene of a whole farm: its figure walks before and behind what the farm draws. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'puppeteer';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { REPOSITORY } from '../../src/repository.ts';
import { withPlainBrowser } from '../../src/trial/plain-browser.ts';
import { startTrialFarm, type TrialFarm } from '../../src/trial/trial-farm.ts';
import { answerFor, type ExampleSite, startExampleSite } from './support/example-site.ts';
import { kiln } from './support/kiln.ts';
import { boxScene } from './support/scenes.ts';

/** Ends what hangs; no measurement. */
const HANGS_MS = 300_000;
vi.setConfig({ testTimeout: HANGS_MS, hookTimeout: HANGS_MS });
/** For changes to be seen. */
const SEEN = { timeout: HANGS_MS, interval: 50 };

let farm: TrialFarm;
let sceneId: string;
let site: ExampleSite;

beforeAll(async () => {
  farm = await startTrialFarm();
  const path = join(farm.home, 'box.glb');
  await writeFile(path, boxScene([0, 0.1, 0.8]));
  const { stdout, stderr } = await kiln(farm, 'scene', 'add', path, '--json');
  expect(stderr).toBe('');
  sceneId = JSON.parse(stdout).id;
  site = await startExampleSite();
});
afterAll(async () => {
  site?.close();
  await farm?.remove();
});

interface Seen {
  /** Pixels of the page's figure, and of the farm's box. */
  readonly figure: number;
  readonly box: number;
  /** Pixels of the figure that have the box on their left and on their right. */
  readonly before: number;
}

/** What is on the screen, by its colours: the coat is red, the box blue. Runs in the page, with a picture of it. */
const LOOK = `async (png) => {
  const bitmap = await createImageBitmap(await (await fetch('data:image/png;base64,' + png)).blob());
  const { width, height } = bitmap;
  const copy = new OffscreenCanvas(width, height).getContext('2d');
  copy.drawImage(bitmap, 0, 0);
  const { data } = copy.getImageData(0, 0, width, height);
  const seen = { figure: 0, box: 0, before: 0 };
  for (let y = 0; y < height; y += 1) {
    // Of this row: the figure's pixels since the box was seen.
    let since = null;
    for (let x = 0; x < width; x += 1) {
      const [red, green, blue] = data.subarray((y * width + x) * 4);
      if (blue > 150 && red < 100) {
        seen.box += 1;
        seen.before += since ?? 0;
        since = 0;
      } else if (red > 150 && green < 140 && blue < 110) {
        seen.figure += 1;
        if (since !== null) since += 1;
      }
    }
  }
  return seen;
}`;

const look = async (page: Page): Promise<Seen> =>
  (await page.evaluate(`(${LOOK})('${await page.screenshot({ encoding: 'base64' })}')`)) as Seen;

test('the figure of the example hides what the farm draws behind it, and is hidden by what it draws before it', () =>
  withPlainBrowser(async (page) => {
    page.setDefaultTimeout(60_000);
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    await answerFor(page, 'cdn.jsdelivr.net', (path) =>
      readFile(join(REPOSITORY, 'node_modules', 'three', path.replace(/^\/npm\/three@[^/]+\//, ''))),
    );
    await page.setViewport({ width: 640, height: 400 });
    const { token } = await farm.client.createToken({ body: { sceneIds: [sceneId], origins: [site.origin] } });
    const query = new URLSearchParams({ farm: farm.url, src: sceneId, token });
    await page.goto(`${site.origin}/game.html?${query}`);
    await page.waitForFunction(`document.querySelector('output').textContent === ''`);
    await expect.poll(async () => (await look(page)).box, SEEN).toBeGreaterThan(5_000);
    const first = await look(page);
    expect(first.figure).toBeGreaterThan(500);
    expect(first.before).toBeGreaterThan(first.figure / 3);

    await page.keyboard.down('w');
    await expect.poll(async () => (await look(page)).figure, SEEN).toBeLessThan(first.figure / 50);
    await page.keyboard.up('w');
    expect((await look(page)).box).toBeGreaterThan(first.box);

    await page.keyboard.down('ArrowRight');
    await expect.poll(async () => (await look(page)).figure, SEEN).toBeGreaterThan(first.figure / 4);
    await page.keyboard.up('ArrowRight');
    expect((await look(page)).before).toBe(0);
    expect(complaints).toEqual([]);
  }));
