import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strToU8, unzipSync, zipSync } from 'fflate';
import type { Page } from 'puppeteer';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { withPlainBrowser } from '../../src/trial/plain-browser.ts';
import { startTrialFarm, type TrialFarm } from '../../src/trial/trial-farm.ts';
import { kiln } from './support/kiln.ts';
import { type Pixels, readPixels } from './support/pixels.ts';
import { until } from './support/processes.ts';
import { asGltf, boxScene, objScene, twoSidedScene } from './support/scenes.ts';

/** Ends what hangs; no measurement. */
const HANGS_MS = 400_000;
const id = (testId: string, state = '') => `[data-testid="${testId}"]${state}`;
const LIVE = id('live-canvas', '[data-state="live"][data-final="true"]');

vi.setConfig({ testTimeout: HANGS_MS, hookTimeout: HANGS_MS });

let farm: TrialFarm;
let folder: string;

beforeAll(async () => {
  farm = await startTrialFarm();
  folder = await mkdtemp(join(tmpdir(), 'kiln-visitor-'));
  // Under root the browser is another user: it reads what is dropped here, and writes what it downloads.
  await chmod(folder, 0o777);
});
afterAll(async () => {
  await farm?.remove();
  await rm(folder, { recursive: true, force: true });
});

/** As `withPlainBrowser`; what failed is told with what the page showed and what the farm said last. */
async function visit(work: (page: Page) => Promise<void>): Promise<void> {
  await withPlainBrowser(async (page) => {
    try {
      await work(page);
    } catch (error) {
      const shown = await within5s(
        page.evaluate('[document.visibilityState, location.pathname, document.body.innerText].join("\\n")'),
      );
      const live = await within5s(onElement(page, id('live-canvas'), 'JSON.stringify({ ...element?.dataset })'));
      const painted = await within5s(page.evaluate('new Promise((resolve) => requestAnimationFrame(resolve))'));
      const told = `live view: ${live}\ndisplay frame: ${painted}\npage: ${shown}\n${await endOfLogs()}`;
      throw new Error(`${error}\n${told}`, { cause: error });
    }
  });
}

async function endOfLogs(): Promise<string> {
  const logs = join(farm.home, 'logs');
  const texts = (await readdir(logs)).map(async (name) => {
    const text = await readFile(join(logs, name), 'utf8');
    return `${name}:\n${text.slice(-6_000)}`;
  });
  return (await Promise.all(texts)).join('\n');
}

const within5s = (answer: Promise<unknown>): Promise<unknown> =>
  Promise.race([
    answer.catch((error: unknown) => String(error)),
    new Promise((resolve) => setTimeout(resolve, 5_000, 'none within 5 s')),
  ]);

async function open(page: Page): Promise<void> {
  page.setDefaultTimeout(HANGS_MS / 4);
  await page.setViewport({ width: 1200, height: 800 });
  const { url } = await farm.client.createSignInCode();
  await page.goto(url);
  await page.waitForSelector(id('home'));
}

/** Runs an expression on the page's first such element, called `element` there. */
const onElement = (page: Page, selector: string, expression: string): Promise<unknown> =>
  page.evaluate(
    `(() => { const element = document.querySelector(${JSON.stringify(selector)}); return ${expression}; })()`,
  );

/** Lets files or folders of the disk fall onto the page, as from a file manager. */
async function drop(page: Page, ...files: string[]): Promise<void> {
  const session = await page.createCDPSession();
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: 600, y: 400, data });
  }
  await session.detach();
}

async function liveView(page: Page): Promise<Pixels> {
  await page.waitForSelector(LIVE);
  const stage = await page.waitForSelector(id('live-stage'));
  return readPixels(Buffer.from((await stage?.screenshot({ type: 'png' })) ?? []));
}

const isBlue = ({ r, g, b }: { r: number; g: number; b: number }): boolean => b > 150 && Math.max(r, g) < b / 2;

function expectRed({ r, g, b }: { r: number; g: number; b: number }): void {
  expect(r).toBeGreaterThan(150);
  expect(Math.max(g, b)).toBeLessThan(r / 2);
}

test('a visitor finds the sample scene, live', async () => {
  await visit(async (page) => {
    await open(page);
    await page.waitForSelector(id('scene-card'));
    await page.click(id('scene-card'));
    const pixels = await liveView(page);
    const corner = pixels.at(0.02, 0.5);
    const middle = Array.from({ length: 9 }, (_, i) => pixels.at(0.3 + 0.05 * i, 0.5));
    expect(middle.some(({ r, g, b }) => Math.max(r, g, b) - Math.min(r, g, b) > 20)).toBe(true);
    expect(Math.max(corner.r, corner.g, corner.b) - Math.min(corner.r, corner.g, corner.b)).toBeLessThan(20);
  });
});

test('a visitor drops a folder, turns the scene, renders it and downloads frames with the right pixels', async () => {
  const scene = join(folder, 'cube');
  await mkdir(scene, { recursive: true });
  const { json, bin } = asGltf(twoSidedScene(), 'cube.bin');
  await writeFile(join(scene, 'cube.gltf'), json);
  await writeFile(join(scene, 'cube.bin'), bin);
  await visit(async (page) => {
    await open(page);
    await drop(page, scene);
    expectRed((await liveView(page)).at(0.5, 0.55));

    const canvas = await page.waitForSelector(LIVE);
    const box = await canvas?.boundingBox();
    if (!box) throw new Error('the live view has no size');
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.down();
    // A drag over the view's height is a whole turn.
    await page.mouse.move(x + box.height / 2, y, { steps: 8 });
    await page.mouse.up();
    await until(async () => isBlue((await liveView(page)).at(0.5, 0.55)));

    await page.select(id('camera-select'), 'auto');
    await page.select(id('render-size'), '640x360');
    await page.click(id('render-frames'), { count: 3 });
    await page.type(id('render-frames'), '3-5');
    await page.click(`label:has(${id('render-film-mp4')})`);
    await page.click(id('render-button'));
    await page.waitForSelector(id('job', '[data-state="succeeded"]'));
    expect(await page.$$(id('frame-thumbnail'))).toHaveLength(3);

    const session = await page.createCDPSession();
    await session.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: folder });
    await onElement(page, id('frame-download', '[data-frame-number="4"]'), 'element.click()');
    await until(async () => (await readdir(folder)).includes('0004.png'));
    const frame = await readPixels(join(folder, '0004.png'));
    expect([frame.widthPx, frame.heightPx, frame.format]).toEqual([640, 360, 'png']);
    expectRed(frame.at(0.5, 0.55));

    // The browser decodes the film to its end, and shows what the frames show.
    await page.waitForSelector(id('job-film', '[data-state="succeeded"]'));
    const video = `${id('job-film')} video`;
    const told = 'element.duration > 0 ? [element.duration, element.videoWidth, element.videoHeight] : null';
    await until(async () => (await onElement(page, video, told)) !== null);
    const [durationSec, ...size] = (await onElement(page, video, told)) as [number, number, number];
    expect(durationSec).toBeCloseTo(3 / 24, 2);
    expect(size).toEqual([640, 360]);
    await onElement(page, video, '(element.muted = true, element.loop = false, element.play(), null)');
    await until(async () => (await onElement(page, video, 'element.ended')) === true);
    await page.waitForSelector(video).then((element) => element?.scrollIntoView());
    const picture = await page.waitForSelector(video);
    expectRed((await readPixels(Buffer.from((await picture?.screenshot({ type: 'png' })) ?? []))).at(0.5, 0.5));
    await onElement(page, id('job-film-download'), 'element.click()');
    await until(async () => (await readdir(folder)).includes('film.mp4'));
    expect((await readFile(join(folder, 'film.mp4'))).toString('latin1', 4, 8)).toBe('ftyp');

    await onElement(page, id('job-archive'), 'element.click()');
    await until(async () => (await readdir(folder)).some((name) => name.endsWith('.zip')));
    const archive = (await readdir(folder)).find((name) => name.endsWith('.zip')) ?? '';
    const files = unzipSync(await readFile(join(folder, archive)));
    expect(Object.keys(files).sort()).toEqual(['0003.png', '0004.png', '0005.png', 'film.mp4']);
    expectRed((await readPixels(files['0005.png'] ?? new Uint8Array())).at(0.5, 0.55));
  });
});

test('a visitor drops a folder with two scenes in other formats, says which, and sees it live', async () => {
  const scene = join(folder, 'boxes');
  await mkdir(scene, { recursive: true });
  const { obj, mtl } = objScene([1, 0, 0]);
  await writeFile(join(scene, 'box.mtl'), mtl);
  await writeFile(join(scene, 'box.obj'), obj);
  await writeFile(join(scene, 'other.zip'), zipSync({ 'a/box.obj': strToU8(obj), 'a/box.mtl': strToU8(mtl) }));
  await writeFile(join(scene, 'other.stl'), 'solid nothing\nendsolid nothing\n');
  await visit(async (page) => {
    await open(page);
    await drop(page, scene);
    await page.waitForSelector(id('entry-choice'));
    expect(await page.$$eval(id('entry-option'), (options) => options.map((one) => one.dataset.path))).toEqual([
      'box.obj',
      'other.stl',
    ]);
    await page.click(id('entry-option', '[data-path="box.obj"]'));
    await page.click(id('entry-confirm'));
    expectRed((await liveView(page)).at(0.5, 0.5));
    await page.goto(farm.url);
    await page.waitForSelector(id('home'));
    await drop(page, join(scene, 'other.zip'));
    expectRed((await liveView(page)).at(0.5, 0.5));
  });
});

test('two watch one view: the camera is asked for, given and handed back, and taken when its driver is gone', async () => {
  const scene = join(folder, 'shown.glb');
  await writeFile(scene, twoSidedScene());
  const { stdout } = await kiln(farm, 'scene', 'add', scene, '--json');
  const sceneId = JSON.parse(stdout).id;
  await visit(async (guest) => {
    await open(guest);
    const artist = await guest.browserContext().newPage();
    artist.setDefaultTimeout(HANGS_MS / 4);
    await artist.setViewport({ width: 1200, height: 800 });
    await artist.goto(`${farm.url}/scenes/${sceneId}`);
    const middle = async (page: Page) => {
      // A page behind another gets no display frames.
      await page.bringToFront();
      return (await liveView(page)).at(0.5, 0.55);
    };
    const isSeen = (page: Page, colour: 'red' | 'blue') =>
      until(async () => isBlue(await middle(page)) === (colour === 'blue'));
    const halfTurn = async (page: Page) => {
      await page.bringToFront();
      const box = await (await page.waitForSelector(LIVE))?.boundingBox();
      if (!box) throw new Error('the live view has no size');
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(x + box.height / 2, y, { steps: 8 });
      await page.mouse.up();
    };
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
  const scene = join(folder, 'shared-box.glb');
  await writeFile(scene, boxScene([0, 0, 1]));
  const { stdout } = await kiln(farm, 'scene', 'add', scene, '--json');
  const sceneId = JSON.parse(stdout).id;
  await visit(async (page) => {
    await open(page);
    const pages = [page];
    while (pages.length < 5) pages.push(await page.browserContext().newPage());
    for (const one of pages) {
      one.setDefaultTimeout(HANGS_MS);
      await one.bringToFront();
      await one.goto(`${farm.url}/scenes/${sceneId}`);
      await one.waitForSelector(LIVE);
    }
    const hash = (await farm.client.getScene({ params: { sceneId } })).sceneHash;
    const shared = async () => {
      const [worker] = JSON.parse((await kiln(farm, 'workers', '--json')).stdout);
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
