/** What takes several views at a time. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'puppeteer';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { kiln } from './support/kiln.ts';
import { until } from './support/processes.ts';
import { boxScene, twoSidedScene } from './support/scenes.ts';
import { expectRed, HANGS_MS, halfTurn, id, isBlue, LIVE, liveView, onElement, Visitors } from './support/visitors.ts';

vi.setConfig({ testTimeout: HANGS_MS, hookTimeout: HANGS_MS });

let visitors: Visitors;

beforeAll(async () => {
  visitors = await Visitors.start();
});
afterAll(() => visitors?.remove());

test('two watch one view: the camera is asked for, given and handed back, and taken when its driver is gone', async () => {
  const scene = join(visitors.folder, 'shown.glb');
  await writeFile(scene, twoSidedScene());
  const { stdout } = await kiln(visitors.farm, 'scene', 'add', scene, '--json');
  const sceneId = JSON.parse(stdout).id;
  await visitors.visit(async (guest) => {
    await visitors.open(guest);
    const artist = await guest.browserContext().newPage();
    artist.setDefaultTimeout(HANGS_MS / 4);
    await artist.setViewport({ width: 1200, height: 800 });
    await artist.goto(`${visitors.farm.url}/scenes/${sceneId}`);
    const middle = async (page: Page) => {
      // A page behind another gets no display frames.
      await page.bringToFront();
      return (await liveView(page)).at(0.5, 0.55);
    };
    const isSeen = (page: Page, colour: 'red' | 'blue') =>
      until(async () => isBlue(await middle(page)) === (colour === 'blue'));
    const press = async (page: Page, testId: string) => {
      await page.bringToFront();
      await page.waitForSelector(id(testId));
      await page.click(id(testId));
    };
    const stage = (page: Page, watching: boolean) =>
      page.waitForSelector(id('live-stage', `[data-watching="${watching}"]`));

    expectRed(await middle(artist));
    await press(artist, 'people-button');
    const link = await onElement(artist, id('watch-link'), 'element.value');
    await artist.keyboard.press('Escape');
    await artist.waitForSelector(id('people'), { hidden: true });
    await guest.goto(String(link));
    expectRed(await middle(guest));
    await stage(guest, true);
    // [LV37] Each asks for itself, and who may change nothing sees what it is.
    for (const [page, mayChange] of [
      [guest, false],
      [artist, true],
    ] as const) {
      await page.bringToFront();
      const box = await (await page.waitForSelector(LIVE))?.boundingBox();
      if (!box) throw new Error('the live view has no size');
      await page.mouse.click(box.x + box.width / 2, box.y + box.height * 0.55);
      await page.waitForSelector(id('picked', ':is([data-node="Front"], [data-node="Right"])'));
      expect(await page.$$(id('picked-change'))).toHaveLength(mayChange ? 1 : 0);
      await page.keyboard.press('Escape');
      await page.waitForSelector(id('picked'), { hidden: true });
    }
    await halfTurn(artist);
    await isSeen(artist, 'blue');
    await isSeen(guest, 'blue');

    await press(guest, 'camera-request');
    await press(artist, 'camera-give-now');
    await stage(artist, true);
    await stage(guest, false);
    // What was seen before is seen by whoever has the camera now.
    await isSeen(guest, 'blue');
    await halfTurn(guest);
    await isSeen(guest, 'red');
    await isSeen(artist, 'red');

    await press(guest, 'people-button');
    await press(guest, 'camera-give');
    await stage(artist, false);
    await halfTurn(artist);
    await isSeen(guest, 'blue');

    await artist.close();
    await press(guest, 'camera-take');
    await stage(guest, false);
    await halfTurn(guest);
    await isSeen(guest, 'red');
  });
});

test('five views of one scene share one load and one browser', async () => {
  const scene = join(visitors.folder, 'shared-box.glb');
  await writeFile(scene, boxScene([0, 0, 1]));
  const { stdout } = await kiln(visitors.farm, 'scene', 'add', scene, '--json');
  const sceneId = JSON.parse(stdout).id;
  await visitors.visit(async (page) => {
    await visitors.open(page);
    const pages = [page];
    while (pages.length < 5) pages.push(await page.browserContext().newPage());
    for (const one of pages) {
      one.setDefaultTimeout(HANGS_MS);
      await one.bringToFront();
      await one.goto(`${visitors.farm.url}/scenes/${sceneId}`);
      await one.waitForSelector(LIVE);
    }
    const hash = (await visitors.farm.client.getScene({ params: { sceneId } })).sceneHash;
    const shared = async () => {
      const [worker] = JSON.parse((await kiln(visitors.farm, 'workers', '--json')).stdout);
      return {
        sessions: worker.sessions,
        scene: worker.scenes.find((one: { sceneHash: string }) => one.sceneHash === hash),
      };
    };
    // The session of the page that came first ends a moment after that page has gone.
    await until(async () => {
      const { sessions, scene: shown } = await shared();
      return sessions === 5 && shown?.sessions === 5;
    });
    expect(await shared()).toMatchObject({ sessions: 5, scene: { loads: 1, sessions: 5 } });
    for (const one of pages.slice(1)) await one.close();
    await until(async () => (await shared()).sessions === 1);
  });
});
