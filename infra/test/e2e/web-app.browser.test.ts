import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { strToU8, unzipSync, zipSync } from 'fflate';
import type { Page } from 'puppeteer';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readPixels } from './support/pixels.ts';
import { until } from './support/processes.ts';
import { asGltf, objScene, twoSidedScene } from './support/scenes.ts';
import { expectRed, HANGS_MS, halfTurn, id, isBlue, liveView, onElement, Visitors } from './support/visitors.ts';

vi.setConfig({ testTimeout: HANGS_MS, hookTimeout: HANGS_MS });

let visitors: Visitors;

beforeAll(async () => {
  visitors = await Visitors.start();
});
afterAll(() => visitors?.remove());

/** Lets files or folders of the disk fall onto the page, as from a file manager. */
async function drop(page: Page, ...files: string[]): Promise<void> {
  const session = await page.createCDPSession();
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: 600, y: 400, data });
  }
  await session.detach();
}

test('a visitor finds the sample scene, live', async () => {
  await visitors.visit(async (page) => {
    await visitors.open(page);
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
  const scene = join(visitors.folder, 'cube');
  await mkdir(scene, { recursive: true });
  const { json, bin } = asGltf(twoSidedScene(), 'cube.bin');
  await writeFile(join(scene, 'cube.gltf'), json);
  await writeFile(join(scene, 'cube.bin'), bin);
  await visitors.visit(async (page) => {
    await visitors.open(page);
    await drop(page, scene);
    expectRed((await liveView(page)).at(0.5, 0.55));

    await halfTurn(page);
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
    await session.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: visitors.folder });
    await onElement(page, id('frame-download', '[data-frame-number="4"]'), 'element.click()');
    await until(async () => (await readdir(visitors.folder)).includes('0004.png'));
    const frame = await readPixels(join(visitors.folder, '0004.png'));
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
    await until(async () => (await readdir(visitors.folder)).includes('film.mp4'));
    expect((await readFile(join(visitors.folder, 'film.mp4'))).toString('latin1', 4, 8)).toBe('ftyp');

    await onElement(page, id('job-archive'), 'element.click()');
    await until(async () => (await readdir(visitors.folder)).some((name) => name.endsWith('.zip')));
    const archive = (await readdir(visitors.folder)).find((name) => name.endsWith('.zip')) ?? '';
    const files = unzipSync(await readFile(join(visitors.folder, archive)));
    expect(Object.keys(files).sort()).toEqual(['0003.png', '0004.png', '0005.png', 'film.mp4']);
    expectRed((await readPixels(files['0005.png'] ?? new Uint8Array())).at(0.5, 0.55));
  });
});

test('a visitor drops a folder with two scenes in other formats, says which, and sees it live', {
  tags: ['heavy'],
}, async () => {
  const scene = join(visitors.folder, 'boxes');
  await mkdir(scene, { recursive: true });
  const { obj, mtl } = objScene([1, 0, 0]);
  await writeFile(join(scene, 'box.mtl'), mtl);
  await writeFile(join(scene, 'box.obj'), obj);
  await writeFile(join(scene, 'other.zip'), zipSync({ 'a/box.obj': strToU8(obj), 'a/box.mtl': strToU8(mtl) }));
  await writeFile(join(scene, 'other.stl'), 'solid nothing\nendsolid nothing\n');
  await visitors.visit(async (page) => {
    await visitors.open(page);
    await drop(page, scene);
    await page.waitForSelector(id('entry-choice'));
    expect(await page.$$eval(id('entry-option'), (options) => options.map((one) => one.dataset.path))).toEqual([
      'box.obj',
      'other.stl',
    ]);
    await page.click(id('entry-option', '[data-path="box.obj"]'));
    await page.click(id('entry-confirm'));
    expectRed((await liveView(page)).at(0.5, 0.5));
    await page.goto(visitors.farm.url);
    await page.waitForSelector(id('home'));
    await drop(page, join(scene, 'other.zip'));
    expectRed((await liveView(page)).at(0.5, 0.5));
  });
});
