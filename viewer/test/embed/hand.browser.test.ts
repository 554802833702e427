/** The hand, its fingers and the keyboard on a `<kiln-preview>`. */
import type { CDPSession } from 'puppeteer';
import { expect, test } from 'vitest';
import { HANGS_MS, usePreview } from './preview-fixture.ts';

const view = usePreview();
const { show, inPage, loaded } = view;

const CANVAS = `const canvas = root.querySelector('canvas');
  return [canvas.role, canvas.tabIndex, canvas.ariaDescription !== null, getComputedStyle(canvas).cursor]`;
const TURNED = ['application', 0, true, 'grab'];
const PICTURE = ['img', -1, false, 'auto'];

test('[LV29] whose token only views is told of no keys, and has nothing to grab', { tags: ['heavy'] }, async () => {
  view.farm.liveAccess = 'view';
  await show({ 'camera-controls': '', camera: 'Close' });
  await view.page.waitForFunction(`document.querySelector('kiln-preview').sessionId !== null`);
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

test('`focus()` goes to what takes keys: the poster that is clicked, then the view', { tags: ['heavy'] }, async () => {
  await show({ 'camera-controls': '', reveal: 'interaction' });
  const focused = `preview.focus(); return [document.activeElement.localName, root.activeElement?.localName]`;
  expect(await inPage(focused)).toEqual(['kiln-preview', 'button']);
  await inPage('preview.blur(); preview.dismissPoster()');
  await loaded();
  expect(await inPage(focused)).toEqual(['kiln-preview', 'canvas']);
});

type Point = readonly [x: number, y: number];
interface Stand {
  readonly theta: number;
  readonly phi: number;
  readonly radius: number;
  readonly target: { readonly x: number; readonly y: number; readonly z: number };
}

/** A page that is longer than its window, with the element at its beginning. */
async function showLong(attributes: Readonly<Record<string, string>> = {}): Promise<CDPSession> {
  await view.page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }]);
  await show({ 'camera-controls': '', ...attributes });
  await loaded();
  await view.page.evaluate(`document.body.style.height = '3000px'`);
  return view.page.createCDPSession();
}

const FRAME = 'await new Promise((resolve) => requestAnimationFrame(resolve));';

/** Fingers go down, move by as much as each is told, come to rest, and go up again: at rest nothing goes on by itself. */
async function swipe(
  touch: CDPSession,
  fingers: readonly { readonly from: Point; readonly by: Point }[],
): Promise<void> {
  const at = (share: number) =>
    fingers.map(({ from, by }, id) => ({ x: from[0] + by[0] * share, y: from[1] + by[1] * share, id }));
  const steps = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99, 0.995, 1];
  await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: at(0) });
  for (const step of steps) {
    await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: at(step) });
    await inPage(step > 0.9 ? FRAME.repeat(4) : FRAME);
  }
  await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  await inPage(FRAME.repeat(2));
}

const stand = () =>
  inPage<Stand>(`const { theta, phi, radius } = preview.getCameraOrbit();
    return { theta, phi, radius, target: preview.getCameraTarget() }`);
const scrolled = () => view.page.evaluate('scrollY');
const together = (by: Point, count: number) =>
  [...Array(count).keys()].map((finger) => ({ from: [260 + finger * 60, 260] as const, by }));
const APART = [
  { from: [300, 260], by: [-80, 0] },
  { from: [340, 260], by: [80, 0] },
] as const;
/** Metres. */
const isNear = (a: Stand['target'], b: Stand['target']) => Math.hypot(a.x - b.x, a.y - b.y, a.z - b.z) < 0.2;
/** What a movement has done to the camera and the page. */
const what = async (move: () => Promise<void>): Promise<string[]> => {
  const [before, wasAt] = [await stand(), await scrolled()];
  await move();
  const after = await stand();
  // The last pixel of the second finger is not taken.
  const near = (a: number, b: number) => Math.abs(a - b) < 0.01 * Math.abs(b);
  return [
    ...(near(before.theta, after.theta) && near(before.phi, after.phi) ? [] : ['turns']),
    ...(near(before.radius, after.radius) ? [] : [after.radius < before.radius ? 'nearer' : 'farther']),
    ...(isNear(before.target, after.target) ? [] : ['moves']),
    ...((await scrolled()) === wasAt ? [] : ['scrolls']),
  ];
};

const ONE = { side: together([90, 0], 1), down: together([0, -90], 1) };
const MORE = { apart: APART, two: together([90, 60], 2), three: together([90, 60], 3) };

interface Touched {
  readonly attributes: Readonly<Record<string, string>>;
  readonly side: readonly string[];
  readonly down: readonly string[];
  readonly apart: readonly string[];
  readonly two: readonly string[];
  readonly three: readonly string[];
}

async function touches({ attributes, ...expected }: Touched): Promise<void> {
  const touch = await showLong(attributes);
  const found: Record<string, readonly string[]> = {};
  for (const [name, fingers] of Object.entries({ ...ONE, ...MORE })) {
    await view.page.evaluate('scrollTo(0, 0)');
    found[name] = await what(() => swipe(touch, fingers));
  }
  expect(found).toEqual(expected);
}

test('one finger turns or scrolls, two zoom and move, three move', () =>
  touches({
    attributes: {},
    ...{ side: ['turns'], down: ['scrolls'], apart: ['nearer'], two: ['moves'], three: ['moves'] },
  }));

test.each([
  {
    attributes: { 'touch-action': 'none' },
    ...{ side: ['turns'], down: ['turns'], apart: ['nearer'], two: ['moves'], three: ['moves'] },
  },
  {
    attributes: { 'disable-zoom': '' },
    ...{ side: ['turns'], down: ['scrolls'], apart: [], two: ['moves'], three: ['moves'] },
  },
  {
    attributes: { 'disable-pan': '' },
    ...{ side: ['turns'], down: ['scrolls'], apart: ['nearer'], two: [], three: [] },
  },
  {
    attributes: { 'disable-zoom': '', 'disable-pan': '' },
    ...{ side: ['turns'], down: ['scrolls'], apart: [], two: [], three: [] },
  },
])('one finger turns or scrolls, two zoom and move, three move: $attributes', { tags: ['heavy'] }, touches);
