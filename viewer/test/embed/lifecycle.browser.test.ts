/** When a `<kiln-preview>` gives its session back, and when it keeps it. */
import { expect, test } from 'vitest';
import { HANGS_MS, HIDES, usePreview } from './preview-fixture.ts';

const view = usePreview();
const { show, inPage, loaded, hellos, lastHello, byes } = view;
/** Whatever is told of sight, or put off, has had its time. */
const FRAMES = 'await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));';

test('an element that is moved keeps its session: into a dialog, away and back, into another root', async () => {
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

test('an element that is moved into the page of a frame keeps its look, and its session', async () => {
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
