/** Attributes and properties of a `<kiln-preview>` that change while it is open. */
import { expect, test } from 'vitest';
import { HANGS_MS, usePreview } from './preview-fixture.ts';

const view = usePreview();
const { show, inPage, loaded, hellos } = view;

test('what the camera has been told already brings it back from where the hand took it', {
  tags: ['heavy'],
}, async () => {
  await view.page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }]);
  await show({ 'camera-controls': '', 'camera-orbit': '30deg 75deg 5m', camera: 'Close' });
  await loaded();
  const drag = async () => {
    await view.page.mouse.move(320, 280);
    await view.page.mouse.down();
    await view.page.mouse.move(380, 290, { steps: 4 });
    await view.page.mouse.up();
  };
  const shown = () => view.farm.live.messages.findLast(({ type }) => type === 'view' || type === 'hello');
  await drag();
  await expect.poll(shown, { timeout: HANGS_MS }).not.toMatchObject({ view: { camera: 'Close' } });
  await inPage(`preview.camera = 'Close'`);
  await expect.poll(shown, { timeout: HANGS_MS }).toMatchObject({ view: { camera: 'Close' } });
  await inPage('preview.camera = null');
  const orbit = () => inPage<{ theta: number; phi: number; radius: number }>('return preview.getCameraOrbit()');
  await drag();
  expect((await orbit()).theta).not.toBeCloseTo(Math.PI / 6, 3);
  await inPage('preview.cameraOrbit = preview.cameraOrbit');
  const { theta, phi, radius } = await orbit();
  expect([theta, phi, radius]).toEqual([
    expect.closeTo(Math.PI / 6, 3),
    expect.closeTo((75 / 180) * Math.PI, 3),
    expect.closeTo(5, 3),
  ]);
});

test('what is to play plays with a clip that comes later, and with the next one', { tags: ['heavy'] }, async () => {
  await show({ autoplay: '' });
  await loaded();
  const paused = () => inPage<boolean>('return preview.paused');
  const frame = () =>
    view.farm.live.messages.flatMap((said) => (said.type === 'view' ? [said.view.frameNumber] : [])).at(-1) ?? 0;
  expect(await paused()).toBe(true);
  await inPage(`preview.animationName = 'Bounce'`);
  expect(await paused()).toBe(false);
  await expect.poll(frame, { timeout: HANGS_MS }).toBeGreaterThan(0);
  await inPage('preview.animationName = null');
  expect(await paused()).toBe(true);
  await inPage(`preview.animationName = 'Bounce'`);
  expect(await paused()).toBe(false);
  await inPage('preview.pause(); preview.animationName = null');
  await inPage(`preview.animationName = 'Bounce'`);
  expect(await paused()).toBe(true);
});

test('a property that is set to nothing is as if it were absent', async () => {
  await show({ reveal: 'manual' });
  const left = `const names = customElements.get('kiln-preview').observedAttributes;
    for (const attribute of names) preview.setAttribute(attribute, '1');
    for (const name of ['currentTime', ...names]) preview[name.replace(/-./g, ([, letter]) => letter.toUpperCase())] = undefined;
    return [preview.getAttributeNames(), preview.currentTime]`;
  expect(await inPage(left)).toEqual([[], 0]);
  // Those that are absent do not come, either.
  expect(await inPage(left.replace(/for.*'1'\);/, ''))).toEqual([[], 0]);
});

test('a view that waits is opened when `reveal` no longer says so', { tags: ['heavy'] }, async () => {
  for (const change of [`preview.reveal = 'auto'`, 'preview.reveal = null']) {
    await show({ reveal: 'manual' });
    await inPage('await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
    const before = hellos();
    await inPage(change);
    await loaded();
    expect(hellos()).toBe(before + 1);
  }
});

/** As on a page whose script comes later than what the page says. */
const SETS_FIRST = `new MutationObserver((_, observer) => {
    const main = document.querySelector('main');
    if (!main) return;
    observer.disconnect();
    const preview = document.createElement('kiln-preview');
    window.isFirst = customElements.get('kiln-preview') === undefined;
    Object.assign(preview, { currentTime: 1.5, cameraControls: true, exposure: 2, other: 'kept' });
    main.append(preview);
  }).observe(document, { childList: true, subtree: true });`;

test('what the page has set before the script came is taken, whichever class has the property', async () => {
  await view.page.evaluateOnNewDocument(SETS_FIRST);
  await view.page.goto(`${view.farm.url}/`);
  await view.page.waitForFunction('window.heard !== undefined');
  expect(await view.page.evaluate('window.isFirst')).toBe(true);
  expect(await inPage('return [preview.currentTime, preview.getAttributeNames(), Object.keys(preview)]')).toEqual([
    1.5,
    ['camera-controls', 'exposure'],
    ['other'],
  ]);
});

test('without the address of a farm the element says that it is missing', async () => {
  const script = await (await fetch(`${view.farm.url}/page.js`)).text();
  await view.page.goto('about:blank');
  // As a bundler's file: its address is of no server.
  await view.page.addScriptTag({ type: 'module', content: script });
  await view.page.waitForFunction('window.heard !== undefined');
  await view.page.evaluate(`document.body.innerHTML = '<kiln-preview src="scn_1"></kiln-preview>'`);
  await view.page.waitForFunction(`document.querySelector('kiln-preview').error !== null`);
  const error = { code: 'client.unreachable', retries: false, message: expect.stringContaining('`farm`') };
  expect(await inPage('return preview.error')).toMatchObject(error);
  expect(await inPage(`return root.querySelector('.note').textContent`)).toBe('This view cannot be shown now.');
});
