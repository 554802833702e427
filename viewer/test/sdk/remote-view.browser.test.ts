/** A remote view in a host's scene, with a farm that draws a traced one: a ball of radius 1 stands at (0, 1, 0). */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'puppeteer';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startChromium, type TestBrowser } from '../chromium.ts';
import { type FakeFarm, startFakeFarm } from '../fake-farm/fake-farm.ts';
import { scriptOf } from '../script.ts';

/** Ends what hangs; no measurement. */
const WAIT = { timeout: 90_000 };

let folder: string;
let chromium: TestBrowser;
let farm: FakeFarm;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kiln-view-page-'));
  await writeFile(
    join(folder, 'index.html'),
    '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script><body>',
  );
  await writeFile(join(folder, 'page.js'), await scriptOf(fileURLToPath(new URL('view-page.ts', import.meta.url))));
  chromium = await startChromium(['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader']);
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
  page.setDefaultTimeout(WAIT.timeout);
  complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
});
afterEach(async () => {
  await page.browserContext().close();
  await farm.close();
  expect(complaints).toEqual([]);
});

async function open(draws = 'webgl'): Promise<void> {
  const scene = farm.state.addScene('Spheres');
  await page.goto(farm.url);
  await page.waitForFunction(`window.openView !== undefined`);
  await page.evaluate(`openView('${scene.id}', '${draws}')`);
}
const loaded = () => page.waitForFunction('host.view.loaded');
const inPage = <T>(code: string): Promise<T> =>
  page.evaluate(`(({ view, camera, scene }) => { ${code} })(host)`) as Promise<T>;
const heard = () => page.evaluate('host.heard') as Promise<string[]>;
const poses = () => farm.live.messages.filter((message) => message.type === 'pose');
const said = (type: string) => farm.live.messages.filter((message) => message.type === type).length;
const isAtRest = async () => {
  const last = farm.live.pictures.at(-1)?.input ?? -1;
  return poses().at(-1)?.moving === false && last >= (poses().at(-1)?.input ?? 0);
};

test.each(['webgl', 'webgpu'])('the host’s camera drives the view, which leaves %s as it was', async (draws) => {
  await open(draws);
  await loaded();
  await expect.poll(isAtRest, WAIT).toBe(true);
  expect(poses()[0]?.pose).toEqual({ position: [0, 1, 6], quaternion: [0, 0, 0, 1], fovDeg: expect.closeTo(38) });
  const [red = 0, , blue = 0] = (await page.evaluate('host.middle()')) as number[];
  expect(red).toBeGreaterThan(2 * blue);
  const sent = poses().length;
  await inPage('camera.position.x = 0.4');
  await expect.poll(() => poses().length, WAIT).toBeGreaterThan(sent);
  expect(poses()[sent]).toMatchObject({ moving: true, pose: { position: [0.4, 1, 6] } });
  await expect.poll(isAtRest, WAIT).toBe(true);
  // Once as it moved, and once more at rest.
  expect(poses()).toHaveLength(sent + 2);
  expect(await heard()).toEqual(expect.arrayContaining(['scene', 'load', 'measure']));
  expect(await page.evaluate('host.changed')).toEqual([]);
});

test('a camera that is nowhere is told of and never sent, and what was seen before stays', {
  tags: ['heavy'],
}, async () => {
  await open();
  await loaded();
  await expect.poll(isAtRest, WAIT).toBe(true);
  const sent = poses().length;
  const frames = () =>
    page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
  await inPage('camera.position.x = NaN');
  await page.waitForFunction('host.view.error !== null');
  await frames();
  expect(await inPage('return view.error')).toMatchObject({ code: 'request.invalid', retries: true });
  expect((await heard()).filter((what) => what.startsWith('request.invalid'))).toEqual(['request.invalid true']);
  // As of a canvas that has no size yet.
  await inPage('camera.position.x = 0; camera.aspect = 0 / 0; camera.updateProjectionMatrix();');
  await frames();
  await inPage('camera.aspect = 16 / 9; camera.position.x = 1e19; camera.updateProjectionMatrix();');
  await frames();
  expect(poses()).toHaveLength(sent);
  expect(await inPage('return [view.state.phase, view.object.visible]')).toEqual(['live', true]);
  await inPage('camera.position.x = 0.4');
  await expect.poll(() => poses().length, WAIT).toBeGreaterThan(sent);
  expect(poses()[sent]?.pose.position).toEqual([0.4, 1, 6]);
  expect(await inPage('return view.error')).toBeNull();
});

test('a renderer of WebGPU that is not initialised is refused, and so is what is none', async () => {
  await page.goto(farm.url);
  await page.waitForFunction('window.openTooEarly !== undefined');
  expect(await page.evaluate(`openTooEarly('scn_1')`)).toEqual([
    expect.stringContaining('await renderer.init()'),
    expect.stringContaining('a WebGLRenderer or a WebGPURenderer'),
  ]);
});

test('while no picture comes, the last one turns with the camera', async () => {
  await open();
  await loaded();
  await expect.poll(isAtRest, WAIT).toBe(true);
  farm.liveStalls = true;
  const pictures = farm.live.pictures.length;
  const isBall = async () => {
    const [red = 0, , blue = 0] = (await page.evaluate('host.middle()')) as number[];
    return red > 2 * blue;
  };
  expect(await isBall()).toBe(true);
  await inPage('camera.rotation.y = 0.25');
  await expect.poll(isBall, WAIT).toBe(false);
  expect(farm.live.pictures).toHaveLength(pictures);
});

test('what is seen at a point is in the host’s world, wherever the remote scene stands in it', async () => {
  await open();
  await loaded();
  await expect.poll(isAtRest, WAIT).toBe(true);
  const at = (x: number, y: number) =>
    inPage<{ position: number[]; normal: number[] } | null>(`
      const found = view.positionAndNormalFromPoint(${x}, ${y});
      return found && { position: found.position.toArray(), normal: found.normal.toArray() };`);
  const found = await at(0, 0);
  expect(found?.position).toEqual([expect.closeTo(0, 2), expect.closeTo(1, 2), expect.closeTo(1, 0)]);
  expect(found?.normal[2]).toBeGreaterThan(0.9);
  expect(await at(0.95, 0.95)).toBeNull();
  // [LV37]
  const picked = (x: number, y: number) =>
    inPage<{ node: { name: string }; material: { name: string } | null; position: number[] } | null>(`
      return view.pick(${x}, ${y}).then((found) => found && {
        ...found, position: found.position.toArray(), normal: found.normal.toArray() });`);
  const ball = await picked(0, 0);
  expect(ball).toMatchObject({ node: { name: 'Ball' }, material: { name: 'Paint' } });
  expect(ball?.position).toEqual([0, 1, 1].map((value) => expect.closeTo(value, 4)));
  expect(await picked(0.95, 0.95)).toBeNull();
  expect(await inPage('return view.scene.nodes')).toEqual(['Floor', 'Ball', 'Ball-2', 'Lamp']);

  // Twice as large, 10 to the right; the camera sees the same of it.
  const sent = poses().length;
  await inPage('view.object.position.x = 10; view.object.scale.setScalar(2); camera.position.set(10, 2, 12);');
  const moved = async () => (await at(0, 0))?.position[0];
  await expect.poll(moved, WAIT).toBeCloseTo(10, 1);
  expect((await at(0, 0))?.position[2]).toBeCloseTo(2, 0);
  expect((await picked(0, 0))?.position).toEqual([10, 2, 2].map((value) => expect.closeTo(value, 4)));
  expect(poses()).toHaveLength(sent);
});

test('[LV13, LV31] a page that is loaded again is back in a session that others are in', {
  tags: ['heavy'],
}, async () => {
  farm.liveIsShared = true;
  const scene = farm.state.addScene('Spheres');
  const opened = async () => {
    await page.waitForFunction(`window.openView !== undefined`);
    await page.evaluate(`openView('${scene.id}', 'webgl')`);
    await loaded();
  };
  await page.goto(farm.url);
  await opened();
  await page.reload();
  await opened();
  const hello = farm.live.messages.findLast(({ type }) => type === 'hello');
  expect(hello).toMatchObject({ resume: { sessionId: expect.any(String) }, join: { sessionId: expect.any(String) } });
  expect(said('bye')).toBe(0);
});

test('where the graphics of the page are reset, the picture comes again, though nothing moves', {
  tags: ['heavy'],
}, async () => {
  await open();
  await loaded();
  await expect.poll(isAtRest, WAIT).toBe(true);
  const before = (await page.evaluate('host.middle()')) as number[];
  const reset = (name: string, event: string) =>
    page.evaluate(`new Promise((done) => {
      host.renderer.domElement.addEventListener('${event}', () => setTimeout(done), { once: true });
      window.lost ??= host.renderer.getContext().getExtension('WEBGL_lose_context');
      lost.${name}();
    })`);
  await reset('loseContext', 'webglcontextlost');
  const measured = (await heard()).filter((name) => name === 'measure').length;
  await reset('restoreContext', 'webglcontextrestored');
  await expect
    .poll(async () => (await heard()).filter((name) => name === 'measure').length, WAIT)
    .toBeGreaterThan(measured);
  await expect.poll(() => page.evaluate('host.middle()'), WAIT).toEqual(before);
  expect(farm.live.messages.findLast(({ type }) => type === 'hello')).toHaveProperty('resume');
});

test('a renderer of nodes whose device is lost draws no more: the session is given back, and an error says so', {
  tags: ['heavy'],
}, async () => {
  await open('nodes');
  await loaded();
  await page.evaluate(`host.renderer.backend.gl.getExtension('WEBGL_lose_context').loseContext()`);
  await page.waitForFunction('host.view.error !== null');
  expect(await inPage('return [view.error.code, view.error.retries]')).toEqual(['client.graphics_lost', false]);
  expect(await heard()).toContain('client.graphics_lost false');
  await expect.poll(() => said('bye'), WAIT).toBe(1);
  await inPage('view.open(); view.update(camera)');
  expect(said('hello')).toBe(1);
  // Whoever draws is told by three, too.
  expect(await page.evaluate('host.renderer._isDeviceLost')).toBe(true);
});

test('a session is given back, opened again, refused and ended', { tags: ['heavy'] }, async () => {
  await open();
  await loaded();
  await inPage('view.close()');
  await expect.poll(() => said('bye'), WAIT).toBe(1);
  expect(await inPage('return view.object.visible')).toBe(true);
  await inPage('view.open()');
  await expect.poll(() => said('hello'), WAIT).toBe(2);
  await page.waitForFunction(`host.view.state.phase === 'live' && host.view.state.painted`);

  farm.liveRefusal = { code: 'identity.token_expired', message: 'The token has expired.' };
  farm.dropLive();
  await page.waitForFunction('host.view.error?.retries === false');
  expect(await heard()).toContain('identity.token_expired false');
  farm.liveRefusal = null;
  await inPage(`view.token = 'kilnv_new'`);
  await page.waitForFunction(`host.view.state.phase === 'live' && host.view.error === null`);

  await inPage('view.dispose()');
  await expect.poll(() => said('bye'), WAIT).toBe(2);
  expect(await inPage('return scene.children.length')).toBe(0);
  // Whoever goes on in their loop is not punished.
  await inPage('view.update(camera)');
});
