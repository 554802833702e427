/** When a `<kiln-preview>` gives its session back, and when it keeps it. */
import { expect, test } from 'vitest';
import { HANGS_MS, HIDES, usePreview } from './preview-fixture.ts';

const view = usePreview();
const { show, inPage, loaded, hellos, lastHello, byes, isPosterGone } = view;
/** Whatever is told of sight, or put off, has had its time. */
const FRAMES = 'await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));';

test('an element that is moved keeps its session: into a dialog, away and back, into another root', {
  tags: ['heavy'],
}, async () => {
  await view.page.evaluateOnNewDocument(HIDES);
  await show();
  await loaded();
  const before = await inPage<string>('return preview.sessionId');
  await inPage(`const dialog = document.createElement('dialog');
    document.body.append(dialog);
    dialog.append(preview);
    dialog.showModal();
    ${FRAMES}`);
  await inPage(`const main = document.querySelector('main');
    preview.remove();
    main.prepend(preview);
    ${FRAMES}`);
  expect(await inPage('return [preview.loaded, preview.sessionId]')).toEqual([true, before]);
  const inRoot = `const host = document.createElement('div');
    document.querySelector('main').append(host);
    host.attachShadow({ mode: 'open' }).append(preview);
    ${FRAMES}
    const found = [preview.loaded, preview.sessionId];
    document.querySelector('main').append(preview);
    ${FRAMES}
    return found;`;
  expect(await inPage(inRoot)).toEqual([true, before]);
  expect([hellos(), byes()]).toEqual([1, 0]);
  // It listens to the page as it did: once.
  await view.page.evaluate('hide(true)');
  await expect.poll(byes, { timeout: HANGS_MS }).toBe(1);
  await view.page.evaluate('hide(false)');
  await loaded();
  expect([hellos(), byes()]).toEqual([2, 1]);
});

test('an element that is moved into the page of a frame keeps its look, and its session', {
  tags: ['heavy'],
}, async () => {
  await show();
  await loaded();
  const moved = `const frame = document.createElement('iframe');
    frame.width = 700;
    frame.height = 400;
    document.querySelector('main').append(frame);
    frame.contentDocument.body.append(preview);
    ${FRAMES}
    const { position } = frame.contentWindow.getComputedStyle(root.querySelector('.stage'));
    return [position, preview.loaded];`;
  expect(await inPage(moved)).toEqual(['absolute', true]);
  expect([hellos(), byes()]).toEqual([1, 0]);
});

test('an element that is taken away gives its session back', async () => {
  await show();
  await loaded();
  await view.page.evaluate(`document.querySelector('kiln-preview').remove()`);
  await expect.poll(byes, { timeout: HANGS_MS }).toBe(1);
});

test('[LV13, LV31] an element that is taken away from others leaves them their session, and comes back to it', async () => {
  view.farm.liveIsShared = true;
  await show({ 'camera-controls': '' });
  await loaded();
  await view.page.evaluate(`window.taken = document.querySelector('kiln-preview'); taken.remove()`);
  await view.page.waitForFunction('!taken.loaded');
  await view.page.evaluate(`document.querySelector('main').append(taken)`);
  await loaded();
  expect(lastHello()).toMatchObject({ resume: { sessionId: expect.any(String) } });
  expect([hellos(), byes()]).toEqual([2, 0]);
});

/** What is out of sight for a while is so at once. */
const UNSEES = `{
  const { setTimeout } = window;
  window.setTimeout = (callback, ms, ...rest) => setTimeout(callback, ms === 15_000 ? 0 : ms, ...rest);
}`;

test('[LV13, LV31] an element that is out of sight for a while gives its session back, and keeps its picture until it has another', async () => {
  await view.page.evaluateOnNewDocument(UNSEES);
  await show({ 'camera-controls': '', 'camera-orbit': '40deg 60deg 5m' });
  await loaded();
  await inPage(`document.body.style.height = '3000px'; scrollTo(0, 2000)`);
  await expect.poll(byes, { timeout: HANGS_MS }).toBe(1);
  const look = `const canvases = [...root.querySelectorAll('canvas')];
    return [preview.loaded, await isGone(root), canvases.map((canvas) => canvas.ariaLabel), canvases.map(middleOf)]`;
  await view.page.evaluate(`window.isGone = (root) => root.querySelector('.poster').classList.contains('gone');
    window.middleOf = (canvas) => {
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
      copy.drawImage(canvas, 0, 0);
      return copy.getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data[3];
    }`);
  expect(await inPage(look)).toEqual([false, true, ['Spheres on a floor'], [255]]);
  view.farm.liveIsShared = true;
  await inPage('scrollTo(0, 0)');
  await loaded();
  expect(await inPage(look)).toMatchObject([true, true, ['Spheres on a floor'], [255]]);
  expect(await inPage('return preview.getCameraOrbit().radius')).toBeCloseTo(5, 3);
  // Others are in this one: it goes on.
  await inPage('scrollTo(0, 2000)');
  await view.page.waitForFunction(`!document.querySelector('kiln-preview').loaded`);
  await inPage('scrollTo(0, 0)');
  await loaded();
  expect(lastHello()).toMatchObject({ resume: { sessionId: expect.any(String) } });
  expect([hellos(), byes()]).toEqual([3, 1]);
});

test('a view whose graphics are taken away shows its poster and says so, until it has them back', {
  tags: ['heavy'],
}, async () => {
  await show();
  await loaded();
  await inPage(`window.lost = root.querySelector('canvas').getContext('webgl2').getExtension('WEBGL_lose_context');
    lost.loseContext()`);
  await view.page.waitForFunction(`document.querySelector('kiln-preview').error !== null`);
  expect(await inPage('return preview.error')).toMatchObject({ code: 'client.graphics_lost', retries: true });
  expect(await inPage('return preview.loaded')).toBe(false);
  expect(await isPosterGone()).toBe(false);
  expect(await inPage(`return root.querySelector('.note').textContent`)).toContain('graphics');
  await inPage('lost.restoreContext()');
  await loaded();
  expect(await isPosterGone()).toBe(true);
  expect(await inPage(`return [preview.error, root.querySelector('.note').textContent]`)).toEqual([null, '']);
});
