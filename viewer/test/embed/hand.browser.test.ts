/** The hand, its fingers and the keyboard on a `<kiln-preview>`. */
import { expect, test } from 'vitest';
import { HANGS_MS, usePreview } from './preview-fixture.ts';

const view = usePreview();
const { show, inPage, loaded } = view;

const CANVAS = `const canvas = root.querySelector('canvas');
  return [canvas.role, canvas.tabIndex, canvas.ariaDescription !== null, getComputedStyle(canvas).cursor]`;
const TURNED = ['application', 0, true, 'grab'];
const PICTURE = ['img', -1, false, 'auto'];

test('[LV29] whose token only views is told of no keys, and has nothing to grab', async () => {
  view.farm.liveAccess = 'view';
  await show({ 'camera-controls': '', camera: 'Close' });
  await loaded();
  expect(await inPage(CANVAS)).toEqual(PICTURE);
  expect(await inPage(`preview.disablePan = true; ${CANVAS}`)).toEqual(PICTURE);
});

test('[LV33] keys are told to who has the camera, as long as that is so', async () => {
  view.farm.liveIsShared = true;
  await show({ 'camera-controls': '' });
  await loaded();
  expect(await inPage(CANVAS)).toEqual(TURNED);
  const seat = { label: '', mayDrive: true, asks: false, away: false };
  const viewers = [1, 2].map((id) => ({ ...seat, id, owner: id === 1 }));
  const given = (driver: number) =>
    view.farm.sayLive({ type: 'viewers', you: 1, driver, mayTake: false, input: 0, viewers });
  given(2);
  await expect.poll(() => inPage(CANVAS), { timeout: HANGS_MS }).toEqual(PICTURE);
  given(1);
  await expect.poll(() => inPage(CANVAS), { timeout: HANGS_MS }).toEqual(TURNED);
});

test('`focus()` goes to what takes keys: the poster that is clicked, then the view', async () => {
  await show({ 'camera-controls': '', reveal: 'interaction' });
  const focused = `preview.focus(); return [document.activeElement.localName, root.activeElement?.localName]`;
  expect(await inPage(focused)).toEqual(['kiln-preview', 'button']);
  await inPage('preview.blur(); preview.dismissPoster()');
  await loaded();
  expect(await inPage(focused)).toEqual(['kiln-preview', 'canvas']);
});
