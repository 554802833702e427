/** The example pages on a server of their own, with a scene of a whole farm. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { TokenRequest } from '@kiln/shared';
import { build } from 'esbuild';
import type { Page } from 'puppeteer';
import sharp from 'sharp';
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
let page: Page;

beforeAll(async () => {
  farm = await startTrialFarm();
  const path = join(farm.home, 'box.glb');
  await writeFile(path, boxScene([0, 1, 0]));
  const { stdout, stderr } = await kiln(farm, 'scene', 'add', path, '--json');
  expect(stderr).toBe('');
  sceneId = JSON.parse(stdout).id;
  site = await startExampleSite();
});
afterAll(async () => {
  site?.close();
  await farm?.remove();
});
/** What one does with a browser of its own. */
const visit = (work: () => Promise<void>) => (): Promise<void> =>
  withPlainBrowser(async (opened) => {
    page = opened;
    page.setDefaultTimeout(60_000);
    await work();
  });

const makeToken = (request: Partial<TokenRequest> = {}) =>
  farm.client.createToken({ body: { sceneIds: [sceneId], origins: [site.origin], ...request } });

/** Opens the page; its element tells what it hears. */
async function open(token: string | null): Promise<void> {
  await page.evaluateOnNewDocument(`
    globalThis.heard = [];
    for (const type of ['load', 'progress', 'error', 'camera-change']) {
      const hear = ({ target, detail }) => target.localName === 'kiln-preview' && heard.push({ type, detail });
      document.addEventListener(type, hear, { capture: true });
    }`);
  const query = new URLSearchParams({ farm: farm.url, src: sceneId, ...(token === null ? {} : { token }) });
  await page.goto(`${site.origin}/plain.html?${query}`);
}

interface Heard {
  readonly detail: { readonly code?: string };
}

/** Runs in the page, with the element as `preview`. */
const inPage = <T>(code: string): Promise<T> =>
  page.evaluate(`(async (preview) => { ${code} })(document.querySelector('kiln-preview'))`) as Promise<T>;
const heard = (type: string) => inPage<Heard[]>(`return heard.filter((event) => event.type === '${type}')`);
const hears = (type: string) => page.waitForFunction(`heard.some((event) => event.type === '${type}')`);

/** Drags from the middle of an element to the right. */
async function drag(selector = 'kiln-preview'): Promise<void> {
  const box = await (await page.$(selector))?.boundingBox();
  if (!box) throw new Error('the element has no size');
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + 80, y, { steps: 4 });
  await page.mouse.up();
}

test(
  'a page of another site shows the scene with its token, and turns and asks it',
  visit(async () => {
    await open((await makeToken()).token);
    await hears('load');
    expect(await heard('error')).toEqual([]);
    // A way that becomes narrow keeps no video waiting for what reads it.
    await page.waitForFunction(
      `performance.getEntriesByType('resource').some(({ name }) => name.includes('video-reader'))`,
    );
    // The box is green, and around the origin.
    const [red = 0, green = 0, blue = 0] = await inPage<number[]>(`
    const bitmap = await createImageBitmap(await preview.toBlob());
    const copy = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
    copy.drawImage(bitmap, 0, 0);
    return [...copy.getImageData(bitmap.width / 2, bitmap.height / 2, 1, 1).data];`);
    expect(green).toBeGreaterThan(1.5 * Math.max(red, blue));
    const found = await inPage<Record<'middle' | 'corner', { position: Point; normal: Point } | null>>(`
    const { left, top, width, height } = preview.getBoundingClientRect();
    return {
      middle: preview.positionAndNormalFromPoint(left + width / 2, top + height / 2),
      corner: preview.positionAndNormalFromPoint(left + 3, top + 3),
    };`);
    expect(found.corner).toBeNull();
    const { position, normal } = found.middle ?? {};
    for (const part of [position?.x, position?.y, position?.z]) expect(Math.abs(part ?? 9)).toBeLessThan(1.1);
    expect(Math.hypot(normal?.x ?? 0, normal?.y ?? 0, normal?.z ?? 0)).toBeCloseTo(1);

    // [LV37]
    const asked = await inPage<{ node: { name: string }; position: Point } | null>(`
    const { left, top, width, height } = preview.getBoundingClientRect();
    return preview.surfaceFromPoint(left + width / 2, top + height / 2);`);
    expect(asked).toMatchObject({ node: { name: 'Box', pointer: '/nodes/0' }, material: { pointer: '/materials/0' } });
    const near = (axis: keyof Point) => Math.abs((asked?.position[axis] ?? 9) - (position?.[axis] ?? 9));
    for (const axis of ['x', 'y', 'z'] as const) expect(near(axis)).toBeLessThan(0.1);
    expect(await inPage('return [preview.availableNodes, await preview.surfaceFromPoint(3, 3)]')).toEqual([
      ['Box'],
      null,
    ]);

    const theta = () => inPage<number>('return preview.getCameraOrbit().theta');
    const before = await theta();
    await drag();
    expect(await theta()).not.toBeCloseTo(before, 2);
    expect((await heard('camera-change')).at(-1)?.detail).toEqual({ source: 'user-interaction' });

    // An element that is put elsewhere keeps its session; one that is taken out gives it back, and comes back where it was.
    const turned = await theta();
    const sessionId = await inPage('return preview.sessionId');
    await inPage('preview.parentNode.prepend(preview)');
    expect(await inPage('return [preview.loaded, preview.sessionId]')).toEqual([true, sessionId]);
    const isLoaded = await inPage(`preview.setAttribute('poster', 'data:,'); const { parentNode } = preview;
    preview.remove();
    await new Promise((next) => setTimeout(next, 100));
    parentNode.prepend(preview);
    return preview.loaded;`);
    expect(isLoaded).toBe(false);
    await page.waitForFunction(`document.querySelector('kiln-preview').loaded`);
    const isGone = `preview.shadowRoot.querySelector('.poster').classList.contains('gone')`;
    expect(await inPage(`return ${isGone}`)).toBe(true);
    expect(await theta()).toBeCloseTo(turned, 2);
    expect(await heard('load')).toHaveLength(1);
  }),
);

test(
  '[LV30] the picture at rest is at last the frame that the farm renders of it, pixel for pixel',
  visit(async () => {
    await open(null);
    await hears('error');
    const look = { samples: '6', camera: 'auto', background: 'neutral', exposure: '2' };
    const attributes = JSON.stringify({ ...look, token: (await makeToken()).token });
    const finals = await inPage<{ samples: number; tiles: number }[]>(`
    const measures = [];
    const isFinal = new Promise((resolve) => preview.addEventListener('measure', ({ detail }) => {
      measures.push(detail);
      if (detail.final && detail.samples === 6) resolve();
    }));
    for (const [name, value] of Object.entries(${attributes})) preview.setAttribute(name, value);
    await isFinal;
    return measures;`);
    expect(finals.map(({ samples }) => samples)).toEqual(
      finals.map(({ samples }) => samples).toSorted((a, b) => a - b),
    );
    const png = await inPage<string>(`
    const bytes = new Uint8Array(await (await preview.toBlob()).arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));`);
    const shown = await sharp(Buffer.from(png, 'base64')).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const { width, height } = shown.info;
    const out = join(farm.home, 'frames');
    const settings = ['--samples', '6', '--exposure', '1'];
    const { stderr } = await kiln(farm, 'render', sceneId, '--size', `${width}x${height}`, ...settings, '--out', out);
    expect(stderr).not.toContain('error');
    const [name = ''] = (await readdir(out, { recursive: true })).filter((file) => file.endsWith('.png'));
    const frame = await sharp(join(out, name)).removeAlpha().raw().toBuffer();
    expect(frame.equals(shown.data)).toBe(true);
  }),
);

test(
  '[LV40] whoever saves data gets movements as a video, and pictures at rest',
  { tags: ['heavy'] },
  visit(async () => {
    await page.evaluateOnNewDocument(`Object.defineProperty(navigator, 'connection', { value: { saveData: true } })`);
    await open((await makeToken()).token);
    await hears('load');
    await inPage(`
    globalThis.seen = [];
    const canvas = preview.shadowRoot.querySelector('canvas');
    const copy = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    preview.addEventListener('measure', ({ detail }) => {
      copy.drawImage(canvas, canvas.width / 2, canvas.height / 2, 1, 1, 0, 0, 1, 1);
      seen.push({ ...detail, middle: [...copy.getImageData(0, 0, 1, 1).data] });
    });`);
    const seen = () => inPage<{ codec: string; moving: boolean; final: boolean; middle: number[] }[]>('return seen');
    await expect
      .poll(async () => {
        await drag();
        return (await seen()).filter(({ codec }) => codec === 'vp9' || codec === 'av1').length;
      }, SEEN)
      .toBeGreaterThan(3);
    await expect.poll(async () => (await seen()).at(-1)?.final, SEEN).toBe(true);
    const isVideo = ({ codec }: { codec: string }) => !['jpeg', 'webp', 'png'].includes(codec);
    for (const picture of await seen()) {
      expect(isVideo(picture)).toBe(picture.moving);
      const [red = 0, green = 0, blue = 0] = picture.middle;
      expect(green).toBeGreaterThan(1.5 * Math.max(red, blue));
    }
    expect(await heard('error')).toEqual([]);
  }),
);

test(
  '[LV31, LV32, LV33] another element watches the session, asks for its camera, and has it when it is given',
  { tags: ['heavy'] },
  visit(async () => {
    await open((await makeToken()).token);
    await hears('load');
    const [drive, view] = [await makeToken(), await makeToken({ access: 'view' })];
    // Beside one another, so that all are in sight.
    await inPage(`
      preview.id = 'first';
      globalThis.audiences = { first: [], second: [], third: [] };
      const lay = (element, row) => {
        element.style = 'position: fixed; left: 0; width: 320px; height: 180px; top: ' + row * 190 + 'px';
        element.addEventListener('audience-change', ({ detail }) => audiences[element.id].push(detail));
        element.addEventListener('error', ({ detail }) => audiences[element.id].push(detail.code));
      };
      globalThis.watch = (id, row, token) => {
        const made = Object.assign(document.createElement('kiln-preview'), {
          ...{ id, farm: preview.farm, token, src: preview.src, session: preview.sessionId },
        });
        made.setAttribute('camera-controls', '');
        lay(made, row);
        document.body.append(made);
      };
      lay(preview, 0);
      watch('second', 1, '${drive.token}');`);
    const is = (condition: string) => page.waitForFunction(condition);
    await is('second.loaded && first.audience?.viewers.length === 2 && second.audience !== null');
    expect(await page.evaluate('[first.sessionId === second.sessionId, first.drives, second.drives]')).toEqual([
      ...[true, true, false],
    ]);
    expect(await page.evaluate('audiences.first.at(-1)')).toMatchObject({
      ...{
        you: 1,
        driver: 1,
        viewers: [
          { id: 1, owner: true },
          { id: 2, mayDrive: true, asks: false },
        ],
      },
    });
    const theta = (id: string) => page.evaluate(`${id}.getCameraOrbit().theta`) as Promise<number>;
    const goesAlong = (id: string, to: number) => expect.poll(() => theta(id), SEEN).toBeCloseTo(to, 3);
    const before = await theta('first');
    await drag('#first');
    await expect.poll(() => theta('first'), SEEN).not.toBeCloseTo(before, 2);
    await goesAlong('second', await theta('first'));
    // Whoever watches moves nothing, and takes nothing that is another's.
    const held = await theta('first');
    await drag('#second');
    await page.evaluate('second.takeCamera()');
    await is(`audiences.second.at(-1) === 'resource.conflict'`);
    expect([await theta('first'), await page.evaluate('second.drives')]).toEqual([held, false]);

    await page.evaluate('second.requestCamera()');
    await is('first.audience.viewers[1].asks');
    await page.evaluate('first.giveCamera(2)');
    await is('second.drives && !first.drives');
    await drag('#second');
    await expect.poll(() => theta('second'), SEEN).not.toBeCloseTo(held, 2);
    await goesAlong('first', await theta('second'));

    // [LV29] A token that only views watches, and has the camera of nobody.
    await page.evaluate(`watch('third', 2, '${view.token}')`);
    await is('third.loaded && third.audience !== null');
    await page.evaluate('second.releaseCamera()');
    await is('third.audience.driver === null');
    await page.evaluate('third.requestCamera()');
    await is(`audiences.third.at(-1) === 'identity.forbidden'`);
    await page.evaluate('first.takeCamera()');
    await is('first.drives && third.audience.driver === 1');
    expect(await page.evaluate('third.audience.viewers[2].mayDrive')).toBe(false);

    // What is over is told of; without the attribute it is a view of its own again.
    await page.evaluate(`second.session = 'ses_' + '0'.repeat(20)`);
    await is(`second.error?.code === 'resource.not_found' && first.audience.viewers.length === 2`);
    expect(await page.evaluate(`second.shadowRoot.querySelector('.note').textContent`)).toContain('is over');
    await page.evaluate('second.session = null');
    await is('second.loaded && second.drives && second.audience === null');
    expect(await page.evaluate('first.sessionId !== second.sessionId')).toBe(true);
  }),
);

test(
  '[LV31, LV33] somebody in the web app watches the example page’s view by its session, and is given the camera there',
  { tags: ['heavy'] },
  visit(async () => {
    await open((await makeToken()).token);
    await hears('load');
    const sessionId = await inPage<string>('return preview.sessionId');
    const app = await page.browserContext().newPage();
    app.setDefaultTimeout(60_000);
    await app.goto((await farm.client.createSignInCode()).url);
    await app.waitForSelector('[data-testid="home"]');
    await app.goto(`${farm.url}/scenes/${sceneId}?watch=${sessionId}`);
    await app.waitForSelector('[data-testid="live-stage"][data-watching="true"][data-painted="true"]');
    await app.click('[data-testid="camera-request"]');
    const people = () => page.$eval('#people', (element) => element.textContent);
    await page.bringToFront();
    await expect.poll(people, SEEN).toContain('You have the camera. Give it to Viewer 2');
    await page.click('#people button');
    await expect.poll(people, SEEN).toContain('Viewer 2 has the camera.');
    await app.bringToFront();
    await app.waitForSelector('[data-testid="live-stage"][data-watching="false"]');
    await page.bringToFront();
    // It is the owner's at any time.
    await page.click('#people button');
    await expect.poll(people, SEEN).toContain('You have the camera.');
    await app.close();
    await expect.poll(people, SEEN).toContain('1 look at this.');
  }),
);

test(
  '[LV13, LV31] a presenter who loads the page again is back with the audience, by a token for one session, and has the camera',
  { tags: ['heavy'] },
  visit(async () => {
    await open((await makeToken({ maxSessions: 1 })).token);
    await hears('load');
    const sessionId = await inPage<string>('return preview.sessionId');
    const audience = await page.browserContext().newPage();
    audience.setDefaultTimeout(60_000);
    await audience.goto(`${page.url()}&session=${sessionId}`);
    await audience.waitForFunction(`document.querySelector('kiln-preview').loaded`);
    await page.bringToFront();
    await page.waitForFunction(`document.querySelector('kiln-preview').audience?.viewers.length === 2`);
    await page.reload();
    await page.waitForFunction(`document.querySelector('kiln-preview').loaded`);
    expect(await inPage('return [preview.sessionId, preview.drives, preview.error]')).toEqual([sessionId, true, null]);
    await page.waitForFunction(`document.querySelector('kiln-preview').audience?.viewers.length === 2`);
    await audience.close();
  }),
);

test('the scripts are small: less than 60 kB of each, beside three', async () => {
  const files = await readdir(join(REPOSITORY, 'viewer', 'dist', 'embed'));
  const sizeOf = async (names: readonly string[]) => {
    const all = await Promise.all(names.map((name) => fetch(`${farm.url}/embed/${name}`)));
    expect(all.map(({ status }) => status)).toEqual(names.map(() => 200));
    const bytes = await Promise.all(all.map(async (answer) => gzipSync(await answer.text()).length));
    return bytes.reduce((sum, size) => sum + size, 0);
  };
  expect(await sizeOf(['kiln-preview.js'])).toBeLessThan(60_000);
  expect(await sizeOf(files.filter((name) => !/^(?:three-|kiln-preview)/.test(name)))).toBeLessThan(60_000);
});

interface Point {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

test(
  'without a token that is good there is a poster and an error, and with a new one the scene',
  visit(async () => {
    await open(null);
    await hears('error');
    expect((await heard('error'))[0]?.detail).toMatchObject({ code: 'identity.missing', retries: false });
    expect(await inPage('return [preview.loaded, preview.error.code]')).toEqual([false, 'identity.missing']);
    const shown = await inPage(`
    const { shadowRoot } = preview;
    const isGone = shadowRoot.querySelector('.poster').classList.contains('gone');
    return { isGone, note: shadowRoot.querySelector('.note').textContent };`);
    expect(shown).toEqual({ isGone: false, note: expect.stringContaining('permission') });
    const { token } = await makeToken();
    await inPage(`preview.token = '${token}'`);
    await hears('load');
    expect(await inPage('return preview.error')).toBeNull();
  }),
);

test(
  'a token that only views shows the scene through its own camera, and the hand moves nothing',
  { tags: ['heavy'] },
  visit(async () => {
    await open(null);
    await hears('error');
    const { token } = await makeToken({ access: 'view' });
    await inPage(`preview.setAttribute('camera', 'auto'); preview.token = '${token}'`);
    await hears('load');
    await drag();
    const node = `const { left, top, width, height } = preview.getBoundingClientRect();
    return (await preview.surfaceFromPoint(left + width / 2, top + height / 2)).node.pointer;`;
    expect(await inPage(node)).toBe('/nodes/0');
    expect(await inPage('return [preview.loaded, preview.error]')).toEqual([true, null]);
  }),
);

test(
  'a token that is revoked ends the view, and the poster comes back',
  { tags: ['heavy'] },
  visit(async () => {
    const { token, id } = await makeToken();
    await open(token);
    await hears('load');
    await farm.client.revokeToken({ params: { tokenId: id } });
    await hears('error');
    await page.waitForFunction(`document.querySelector('kiln-preview').error?.code === 'identity.missing'`);
    expect(await inPage('return preview.loaded')).toBe(false);
  }),
);

test(
  'the example in React shows the scene, tells what it hears, and sets properties',
  { tags: ['heavy'] },
  visit(async () => {
    const react = await reactModule();
    await answerFor(page, 'esm.sh', async (path) =>
      path === '/react@19' ? react : `export { createRoot } from 'https://esm.sh/react@19';`,
    );
    const { token } = await makeToken();
    const query = new URLSearchParams({ farm: farm.url, src: sceneId, token });
    await page.goto(`${site.origin}/react.html?${query}`);
    const says = (pattern: string) =>
      page.waitForFunction(`/${pattern}/.test(document.querySelector('[role="status"]')?.textContent)`);
    await says('^\\d+ × \\d+, 1 samples$');
    await page.select('select', 'sunset');
    await page.click('input[type="checkbox"]');
    await page.waitForFunction(`document.querySelector('kiln-preview').environmentImage === 'sunset'`);
    expect(await inPage(`return preview.shadowRoot.querySelector('.stats').hidden`)).toBe(false);
    await inPage(`preview.dispatchEvent(new CustomEvent('error', { detail: { code: 'x.y', message: 'No.' } }))`);
    await says('^x.y: No.$');
  }),
);

/** React as a host of modules has it: one file, with the names that the example takes. */
async function reactModule(): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `export { createElement, useState } from 'react'; export { createRoot } from 'react-dom/client';`,
      resolveDir: join(REPOSITORY, 'infra'),
    },
    bundle: true,
    write: false,
    format: 'esm',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  return outputFiles[0]?.text ?? '';
}

test(
  'the figure of the example game hides what the farm draws behind it, and is hidden by what it draws before it',
  { tags: ['heavy'] },
  visit(async () => {
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    await answerFor(page, 'cdn.jsdelivr.net', (path) =>
      readFile(join(REPOSITORY, 'node_modules', 'three', path.replace(/^\/npm\/three@[^/]+\//, ''))),
    );
    await page.setViewport({ width: 640, height: 400 });
    const { token } = await makeToken();
    const query = new URLSearchParams({ farm: farm.url, src: sceneId, token });
    await page.goto(`${site.origin}/game.html?${query}`);
    await page.waitForFunction(`document.querySelector('output').textContent === ''`);
    await expect.poll(async () => (await look()).box, SEEN).toBeGreaterThan(5_000);
    const first = await look();
    expect(first.figure).toBeGreaterThan(500);
    expect(first.before).toBeGreaterThan(first.figure / 3);

    await page.keyboard.down('w');
    await expect.poll(async () => (await look()).figure, SEEN).toBeLessThan(first.figure / 50);
    await page.keyboard.up('w');
    expect((await look()).box).toBeGreaterThan(first.box);

    await page.keyboard.down('ArrowRight');
    await expect.poll(async () => (await look()).figure, SEEN).toBeGreaterThan(first.figure / 4);
    await page.keyboard.up('ArrowRight');
    expect((await look()).before).toBe(0);
    expect(complaints).toEqual([]);
  }),
);

interface Seen {
  /** Pixels of the page's figure, and of the farm's box. */
  readonly figure: number;
  readonly box: number;
  /** Pixels of the figure that have the box on their left and on their right. */
  readonly before: number;
}

/** What is on the screen, by its colours: the coat is red, the box green. Runs in the page, with a picture of it. */
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
      if (green > 150 && red < 100 && blue < 100) {
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

const look = async (): Promise<Seen> =>
  (await page.evaluate(`(${LOOK})('${await page.screenshot({ encoding: 'base64' })}')`)) as Seen;
