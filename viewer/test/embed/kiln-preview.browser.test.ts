/** `<kiln-preview>` on a page, with a farm that draws a traced scene. */
import { AxePuppeteer } from '@axe-core/puppeteer';
import type { SerializedAXNode } from 'puppeteer';
import { expect, test } from 'vitest';
import { HANGS_MS, HIDES, usePreview } from './preview-fixture.ts';

const view = usePreview();
const { show, inPage, loaded, hellos, lastHello, byes, isPosterGone } = view;
const all = (node: SerializedAXNode | null): SerializedAXNode[] =>
  node ? [node, ...(node.children ?? []).flatMap(all)] : [];

test('`stats` shows the figures of the way of a picture, and goes when it is taken away', {
  tags: ['heavy'],
}, async () => {
  await show({ stats: '' });
  await loaded();
  await view.page.waitForFunction(
    `document.querySelector('kiln-preview').shadowRoot.querySelectorAll('.stats .stage-row').length === 8`,
  );
  const text = await inPage<string>(`return root.querySelector('.stats').textContent`);
  for (const name of [
    'Pictures',
    'Pose to picture',
    'Draw',
    'Read back',
    'Encode',
    'Relay',
    'Decode',
    'Paint',
    'Samples',
    'CodecPNG',
  ]) {
    expect(text).toContain(name);
  }
  expect(text).toMatch(/A picture\d+\.\d kB/);
  expect(await inPage('preview.stats = false; return root.querySelector(".stats").hidden')).toBe(true);
  expect(await inPage('return preview.hasAttribute("stats")')).toBe(false);
});

test('`reveal="interaction"` opens the view by a click on the poster, which is a button with a name', async () => {
  await show({ reveal: 'interaction' });
  const poster = `return [root.querySelector('button').checkVisibility(), root.querySelector('button').ariaLabel]`;
  expect(await inPage(poster)).toEqual([true, 'Show in 3D: Spheres on a floor']);
  // Whatever would open it has had its time.
  await inPage('await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
  expect(hellos()).toBe(0);
  await view.page.keyboard.press('Tab');
  await view.page.keyboard.press('Enter');
  await loaded();
  expect(await isPosterGone()).toBe(true);
  expect((await inPage<unknown[]>(poster))[0]).toBe(false);
  // The focus is where the keys are, not on what is gone.
  expect(await inPage(`return root.activeElement.localName`)).toBe('canvas');
  expect(await view.page.evaluate('heard')).toEqual(['load', 'poster-dismissed']);
});

test('`reveal="manual"` opens the view when the page says so, and a click does not', { tags: ['heavy'] }, async () => {
  await show({ reveal: 'manual' });
  await view.page.click('kiln-preview');
  await inPage('await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
  expect(hellos()).toBe(0);
  await inPage('preview.dismissPoster()');
  await loaded();
  expect(await isPosterGone()).toBe(true);
  await inPage('preview.showPoster()');
  expect(await isPosterGone()).toBe(false);
  expect(await inPage('return preview.loaded')).toBe(true);
});

test('a page that is hidden for a minute gives its session back, and opens another when it is seen', {
  tags: ['heavy'],
}, async () => {
  await view.page.evaluateOnNewDocument(HIDES);
  await show();
  await loaded();
  await view.page.evaluate('hide(true)');
  await expect.poll(() => view.farm.live.messages.some(({ type }) => type === 'bye'), { timeout: HANGS_MS }).toBe(true);
  expect(await inPage('return preview.loaded')).toBe(false);
  expect(await isPosterGone()).toBe(false);
  expect(hellos()).toBe(1);
  await view.page.evaluate('hide(false)');
  await loaded();
  expect(hellos()).toBe(2);
});

test('a page that is loaded again has given its session back: what lets in one has room for it', {
  tags: ['heavy'],
}, async () => {
  await show();
  await loaded();
  await view.page.reload();
  await expect
    .poll(() => view.farm.live.messages.filter(({ type }) => type === 'bye').length, { timeout: HANGS_MS })
    .toBe(1);
});

test('[LV13, LV31] a page that is hidden for a minute stays in a session that others are in', {
  tags: ['heavy'],
}, async () => {
  view.farm.liveIsShared = true;
  await view.page.evaluateOnNewDocument(HIDES);
  await show({ 'camera-controls': '' });
  await loaded();
  await view.page.evaluate('hide(true)');
  await view.page.waitForFunction(`!document.querySelector('kiln-preview').loaded`);
  await view.page.evaluate('hide(false)');
  await loaded();
  expect(lastHello()).toMatchObject({
    resume: { sessionId: expect.any(String) },
    join: { sessionId: expect.any(String) },
  });
  expect(byes()).toBe(0);
});

test('[LV13, LV31] a page that is loaded again is back in a session that others are in, where its camera stood', {
  tags: ['heavy'],
}, async () => {
  view.farm.liveIsShared = true;
  await show({ 'camera-controls': '' });
  await loaded();
  await inPage(`preview.cameraOrbit = '40deg 60deg 5m'; preview.jumpCameraToGoal()`);
  await expect
    .poll(() => view.farm.live.messages.filter(({ type }) => type === 'pose').length, { timeout: HANGS_MS })
    .toBeGreaterThan(0);
  const before = await inPage<string>('return String(preview.getCameraOrbit())');
  const { src } = await inPage<{ src: string }>('return { src: preview.src }');
  await view.page.reload();
  await view.page.waitForFunction('window.heard !== undefined');
  await view.page.evaluate(
    `document.querySelector('main').innerHTML = '<kiln-preview src="${src}" camera-controls></kiln-preview>'`,
  );
  await loaded();
  expect(lastHello()).toMatchObject({ resume: { sessionId: expect.any(String) } });
  expect(byes()).toBe(0);
  expect(await inPage<string>('return String(preview.getCameraOrbit())')).toBe(before);
  // It is left once: whoever copies the tab has a session of its own.
  expect(await view.page.evaluate('sessionStorage.length')).toBe(0);
});

test('engine and samples of an open view are changed by attributes and by properties', {
  tags: ['heavy'],
}, async () => {
  await show();
  await loaded();
  const views = () => view.farm.live.messages.flatMap((said) => (said.type === 'view' ? [said.view] : []));
  const last = () =>
    expect.poll(
      () =>
        views()
          .map(({ engine, samples }) => [engine, samples])
          .at(-1),
      { timeout: HANGS_MS },
    );
  await inPage(`preview.setAttribute('engine', 'pathtrace')`);
  await last().toEqual(['pathtrace', 64]);
  await inPage(`preview.setAttribute('samples', '256')`);
  await last().toEqual(['pathtrace', 256]);
  await inPage('preview.samples = 8');
  await last().toEqual(['pathtrace', 8]);
  await inPage(`preview.engine = 'raster'; preview.samples = null`);
  await last().toEqual([undefined, 1]);
  expect(await inPage('return [preview.engine, preview.samples]')).toEqual(['raster', 1]);
});

test('every attribute is a property of the same name', async () => {
  await show({ reveal: 'manual' });
  const missing = `return customElements.get('kiln-preview').observedAttributes.filter((attribute) => {
    const name = attribute.replace(/-./g, ([, letter]) => letter.toUpperCase());
    preview.removeAttribute(attribute);
    const absent = preview[name];
    preview[name] = typeof absent === 'boolean' ? true : typeof absent === 'number' ? 3 : 'pathtrace';
    return absent === undefined || !preview.hasAttribute(attribute);
  })`;
  expect(await inPage(missing)).toEqual([]);
});

test('what keeps a view from being opened for now has its own code', { tags: ['heavy'] }, async () => {
  view.farm.liveRefusal = { code: 'request.too_many', message: 'the token has 1 of 1 sessions open' };
  await show();
  await view.page.waitForFunction(`document.querySelector('kiln-preview').error !== null`);
  expect(await inPage('return preview.error')).toMatchObject({ code: 'request.too_many', retries: true });
  expect(await inPage(`return root.querySelector('.note').textContent`)).toContain('open too often');
  view.farm.liveRefusal = null;
  await loaded();
  expect(await inPage('return preview.error')).toBeNull();
});

test('the keyboard turns the view, which jumps where people asked for less motion', async () => {
  await view.page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }]);
  await show({ 'camera-controls': '' });
  await loaded();
  await inPage(`root.querySelector('canvas').focus()`);
  const before = await inPage<number>('return preview.getCameraOrbit().theta');
  const poses = view.farm.live.messages.filter(({ type }) => type === 'pose').length;
  await view.page.keyboard.press('ArrowRight');
  expect(await inPage<number>('return preview.getCameraOrbit().theta')).toBeCloseTo(before + Math.PI / 24, 4);
  const moved = () => view.farm.live.messages.filter((message) => message.type === 'pose').slice(poses);
  await expect.poll(() => moved().some(({ moving }) => !moving), { timeout: HANGS_MS }).toBe(true);
  // One that it goes to, and that again at rest: nothing between.
  expect(new Set(moved().map(({ pose }) => JSON.stringify(pose))).size).toBe(1);
});

test('a finger that goes up or down scrolls the page, unless `touch-action` says that it turns the view', async () => {
  await show({ 'camera-controls': '' });
  await loaded();
  const touchAction = `return getComputedStyle(root.querySelector('canvas')).touchAction`;
  expect(await inPage(touchAction)).toBe('pan-y');
  expect(await inPage(`preview.touchAction = 'none'; ${touchAction}`)).toBe('none');
  expect(await inPage(`preview.touchAction = null; ${touchAction}`)).toBe('pan-y');
  // Where the hand does nothing, all is left to the page.
  expect(await inPage(`preview.cameraControls = false; ${touchAction}`)).toBe('auto');
});

test('a background that is transparent shows the page', { tags: ['heavy'] }, async () => {
  await show({ background: 'transparent' });
  await loaded();
  const alphas = (source: string) => `const { width, height } = root.querySelector('canvas');
    const copy = new OffscreenCanvas(width, height).getContext('2d');
    copy.drawImage(${source}, 0, 0);
    return [[3, 3], [300, 160]].map(([x, y]) => copy.getImageData(x, y, 1, 1).data[3])`;
  expect(await inPage(alphas(`root.querySelector('canvas')`))).toEqual([0, 255]);
});

/** As where a page has no graphics, for as long as the test says. */
const NO_WEBGL = `{
  const { getContext } = HTMLCanvasElement.prototype;
  window.hasGraphics = false;
  HTMLCanvasElement.prototype.getContext = function (...order) {
    return window.hasGraphics ? getContext.apply(this, order) : null;
  };
}`;

test('without WebGL2 nothing is left behind, and the view is tried again as it comes back into sight', {
  tags: ['heavy'],
}, async () => {
  await view.page.evaluateOnNewDocument(NO_WEBGL);
  await show();
  await view.page.waitForFunction(`document.querySelector('kiln-preview').error !== null`);
  expect(await inPage('return preview.error')).toMatchObject({ code: 'client.no_webgl', retries: false });
  // Sight is told of before the second frame.
  const frames = 'await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));';
  const comesBack = `preview.hidden = true; ${frames} ${frames} preview.hidden = false; ${frames} ${frames}`;
  await inPage(comesBack);
  expect(await inPage(`return root.querySelectorAll('canvas').length`)).toBe(0);
  expect(await view.page.evaluate('heard')).toEqual(['error']);
  await view.page.evaluate('window.hasGraphics = true');
  await inPage(comesBack);
  await loaded();
  expect(await inPage(`return [preview.error, root.querySelectorAll('canvas').length]`)).toEqual([null, 1]);
});

test('a farm that the browser opens no connection to is unreachable, until there is another address', {
  tags: ['heavy'],
}, async () => {
  await show({ farm: 'http://[' });
  await view.page.waitForFunction(`document.querySelector('kiln-preview').error !== null`);
  expect(await inPage('return preview.error')).toMatchObject({ code: 'client.unreachable', retries: false });
  expect(await view.page.evaluate('heard')).toEqual(['error']);
  await inPage(`preview.farm = location.origin`);
  await loaded();
  expect(await inPage('return preview.error')).toBeNull();
});

const CANVAS = `const { role, tabIndex, ariaLabel, ariaDescription } = root.querySelector('canvas');
  return { role, tabIndex, ariaLabel, ariaDescription }`;

test('the view has the name that `alt` gives it, and tells its keys, where it has any', async () => {
  await show();
  await loaded();
  const picture = { role: 'img', tabIndex: -1, ariaLabel: 'Spheres on a floor', ariaDescription: null };
  expect(await inPage(CANVAS)).toEqual(picture);
  const keys = 'Arrow keys turn it, Shift with arrow keys moves it, plus and minus zoom, F fits the scene.';
  const turned = { ...picture, role: 'application', tabIndex: 0, ariaDescription: keys };
  expect(await inPage(`preview.cameraControls = true; ${CANVAS}`)).toEqual(turned);
  expect(await inPage(`preview.disableZoom = preview.disablePan = true; ${CANVAS}`)).toEqual({
    ...turned,
    ariaDescription: 'Arrow keys turn it.',
  });
  expect(await inPage(`preview.alt = 'Two spheres'; ${CANVAS}`)).toMatchObject({ ariaLabel: 'Two spheres' });
  expect(await inPage(`preview.alt = null; ${CANVAS}`)).toMatchObject({ ariaLabel: 'Live view of the scene' });
});

test('`disable-zoom` and `disable-pan` are for keys, too', { tags: ['heavy'] }, async () => {
  await view.page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }]);
  await show({ 'camera-controls': '', 'disable-zoom': '', 'disable-pan': '' });
  await loaded();
  await inPage(`root.querySelector('canvas').focus()`);
  const camera = () => inPage<string[]>('return [preview.getCameraOrbit(), preview.getCameraTarget()].map(String)');
  const before = await camera();
  await view.page.keyboard.press('+');
  await view.page.keyboard.press('f');
  await view.page.keyboard.down('Shift');
  await view.page.keyboard.press('ArrowRight');
  await view.page.keyboard.up('Shift');
  expect(await camera()).toEqual(before);
  await view.page.keyboard.press('ArrowRight');
  expect(await camera()).not.toEqual(before);
  await inPage('preview.disableZoom = preview.disablePan = false');
  const [orbit, target] = await camera();
  await view.page.keyboard.press('+');
  expect((await camera())[0]).not.toBe(orbit);
  await view.page.keyboard.down('Shift');
  await view.page.keyboard.press('ArrowRight');
  await view.page.keyboard.up('Shift');
  expect((await camera())[1]).not.toBe(target);
});

test('while it loads, the poster is a picture with a name, and how far it is can be heard', async () => {
  view.farm.liveLoadMs = Number.POSITIVE_INFINITY;
  await show();
  await view.page.waitForFunction(
    `document.querySelector('kiln-preview').shadowRoot.querySelector('.bar').ariaValueNow === '62'`,
  );
  const tree = await view.page.accessibility.snapshot({ interestingOnly: false });
  const found = (role: string) => all(tree).filter((node) => node.role === role);
  expect(found('progressbar')).toMatchObject([{ name: 'Loading' }]);
  expect(found('image').map(({ name }) => name)).toContain('Spheres on a floor');
  expect(found('button')).toEqual([]);
  view.farm.liveLoadMs = 0;
  view.farm.dropLive();
  await loaded();
  await expect
    .poll(() =>
      inPage(`return ['.bar', '.poster'].map((name) => getComputedStyle(root.querySelector(name)).visibility)`),
    )
    .toEqual(['hidden', 'hidden']);
});

test('`camera-change` says whether it was the hand: what the page fits, it was not', { tags: ['heavy'] }, async () => {
  await view.page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }]);
  await show({ 'camera-controls': '' });
  await loaded();
  await inPage(
    `window.sources = []; preview.addEventListener('camera-change', ({ detail }) => sources.push(detail.source))`,
  );
  await inPage('preview.fit()');
  await view.page.waitForFunction('sources.length > 0');
  expect(await view.page.evaluate('sources')).not.toContain('user-interaction');
  await inPage(`sources.length = 0; root.querySelector('canvas').focus()`);
  await view.page.keyboard.press('ArrowRight');
  await view.page.waitForFunction('sources.length > 0');
  expect(await view.page.evaluate('sources')).not.toContain('none');
});

test('what is played before there is a view plays as soon as there is one', { tags: ['heavy'] }, async () => {
  await show({ reveal: 'manual', 'animation-name': 'Bounce' });
  await inPage('preview.play(); preview.dismissPoster()');
  await loaded();
  expect(await inPage('return preview.paused')).toBe(false);
  await inPage('preview.pause()');
  expect(await inPage('return preview.paused')).toBe(true);
});

test('[LV37] tells what is seen at a point as it is asked, and what there is to be named', async () => {
  await show({ 'camera-controls': '' });
  expect(await inPage('return [preview.availableAnimations, await preview.surfaceFromPoint(320, 180)]')).toEqual([
    [],
    null,
  ]);
  await loaded();
  const asked = (x: number, y: number) => inPage<object | null>(`return preview.surfaceFromPoint(${x}, ${y})`);
  const { left, top } = await inPage<DOMRect>('return preview.getBoundingClientRect().toJSON()');
  expect(await asked(left + 300, top + 160)).toMatchObject({
    ...{ node: { name: 'Ball', pointer: '/nodes/0' }, material: { name: 'Paint' } },
    ...{ position: { x: expect.any(Number) }, normal: { z: expect.any(Number) } },
  });
  expect(await asked(left + 3, top + 3)).toBeNull();
  // Beside the picture nobody is asked.
  const questions = () => view.farm.live.messages.filter(({ type }) => type === 'pick').length;
  const before = questions();
  expect(await asked(left - 5, top + 100)).toBeNull();
  expect(questions()).toBe(before);
  expect(await inPage(`return preview.materialFromPoint(${left + 300}, ${top + 160})`)).toMatchObject({
    name: 'Paint',
  });
  // From where it is seen now, whatever was sent.
  expect(view.farm.live.messages.findLast((said) => said.type === 'pick')?.from?.aspect).toBeCloseTo(640 / 360, 2);
  expect(
    await inPage(
      'return [preview.availableAnimations, preview.availableVariants, preview.availableCameras, preview.availableNodes, preview.availableMaterials]',
    ),
  ).toEqual([['Bounce'], ['Beach', 'Street'], ['Close'], ['Floor', 'Ball', 'Ball-2', 'Lamp'], ['Paint', 'Sign']]);
  view.farm.pickError = { code: 'request.too_many', message: 'slower' };
  const refused = `return preview.surfaceFromPoint(${left + 300}, ${top + 160}).catch(({ code }) => code)`;
  expect(await inPage(refused)).toBe('request.too_many');
});

test('axe has no complaint: with a poster to click, live with figures, and refused', {
  tags: ['heavy'],
  timeout: HANGS_MS,
}, async () => {
  const look = async (state: string) => {
    const { violations } = await new AxePuppeteer(view.page).analyze();
    expect(
      violations.map(({ id, nodes }) => `${id} ${nodes.map(({ html }) => html).join(' ')}`),
      state,
    ).toEqual([]);
  };
  await show({ reveal: 'interaction', 'camera-controls': '', stats: '' });
  await look('poster');
  await inPage('preview.dismissPoster()');
  await loaded();
  await look('live');
  view.farm.liveRefusal = { code: 'identity.token_expired', message: 'The token has expired.' };
  view.farm.dropLive();
  await view.page.waitForFunction(`document.querySelector('kiln-preview').error?.retries === false`);
  await look('refused');
});

test('[LV26] the hand, and `fit()`, leave a camera of the scene for their own, from where that stands', {
  tags: ['heavy'],
}, async () => {
  for (const leave of ['hand', 'fit'] as const) {
    await show({ camera: 'Close', 'camera-controls': '' });
    await loaded();
    const shown = () => view.farm.live.messages.findLast(({ type }) => type === 'view' || type === 'hello');
    expect(shown()).toMatchObject({ view: { camera: 'Close' } });
    if (leave === 'fit') await inPage('preview.fit()');
    else {
      await view.page.mouse.move(320, 280);
      await view.page.mouse.down();
      await view.page.mouse.move(360, 280, { steps: 4 });
      await view.page.mouse.up();
    }
    await expect.poll(() => shown()?.type, { timeout: HANGS_MS }).toBe('view');
    expect(shown()).not.toMatchObject({ view: { camera: expect.anything() } });
    await expect.poll(() => view.farm.live.messages.at(-1)?.type, { timeout: HANGS_MS }).toBe('pose');
    await view.page.evaluate('sessionStorage.clear()');
  }
});
