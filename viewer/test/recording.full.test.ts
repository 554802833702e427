import type { Pose } from '@kiln/shared';
import { describe, expect, it } from 'vitest';
import { LIVE, test, useApp } from './app-fixture.ts';

describe('a recording of the live view', () => {
  const app = useApp();
  const poses = () => app.farm.live.messages.filter((message) => message.type === 'pose');

  async function drag(toX: number): Promise<void> {
    const box = await (await app.page.waitForSelector(LIVE))?.boundingBox();
    if (!box) throw new Error('the view has no size');
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await app.page.mouse.move(x, y);
    await app.page.mouse.down();
    await app.page.mouse.move(x + toX, y, { steps: 8 });
    await app.page.mouse.up();
  }

  async function record(): Promise<void> {
    await app.page.click(test('record'));
    await app.see('recording-runs');
    await drag(150);
    await app.seeFinalPicture(3);
    await app.page.click(test('record'));
    await app.see('recording');
  }

  it('plays what the camera did, and is interrupted by the hand', async () => {
    await app.openScene();
    await app.seeFinalPicture();
    await record();
    const recorded = poses();
    const [first, last] = [recorded[0]?.pose, recorded.at(-1)?.pose];
    await app.page.click(test('recording-play'));
    await app.page.waitForFunction(
      (selector) => document.querySelector(selector)?.textContent?.trim() === 'Play',
      {},
      test('recording-play'),
    );
    await app.seeFinalPicture(poses().at(-1)?.input ?? 0);
    const played = poses().slice(recorded.length);
    const far = (one: Pose | undefined, other: Pose | undefined) =>
      Math.hypot(...[0, 1, 2].map((axis) => (one?.position[axis] ?? 0) - (other?.position[axis] ?? 0)));
    // It begins nearer to where it began, and ends where it ended.
    expect(far(played[0]?.pose, first)).toBeLessThan(far(played[0]?.pose, last));
    expect(far(played.at(-1)?.pose, last)).toBeLessThan(0.01);
    expect(played.at(-1)?.moving).toBe(false);

    await app.page.click(test('recording-play'));
    expect(await app.textOf('recording-play')).toMatch(/^\s*Stop\s*$/);
    await drag(-40);
    await app.page.waitForFunction(
      (selector) => document.querySelector(selector)?.textContent?.trim() === 'Play',
      {},
      test('recording-play'),
    );
  });

  it('shows what the form says again when it was played, from where it ended, and the frame that is shown', async () => {
    await app.openScene();
    await app.seeFinalPicture();
    const views = () =>
      app.farm.live.messages.flatMap((message) => (message.type === 'view' ? [message.view.exposureEv] : []));
    const expose = (exposureEv: number) =>
      app.page.$eval(
        test('exposure'),
        (slider, value) => {
          (slider as HTMLInputElement).value = String(value);
          slider.dispatchEvent(new Event('input', { bubbles: true }));
        },
        exposureEv,
      );
    await app.page.click(test('record'));
    await app.see('recording-runs');
    await drag(50);
    await expose(2);
    await expect.poll(() => views().at(-1)).toBe(2);
    await drag(150);
    await app.page.click(test('record'));
    await app.see('recording');
    await expose(-1);
    await expect.poll(() => views().at(-1)).toBe(-1);
    await app.page.click(test('recording-play'));
    await expect.poll(() => views().at(-1), { timeout: 60_000 }).toBe(2);
    await expect.poll(() => views().at(-1), { timeout: 60_000 }).toBe(-1);
    expect(await app.textOf('recording-play')).toMatch(/^\s*Play\s*$/);
    // What is rendered is what it showed.
    await app.page.click(test('recording-render'));
    expect(await app.page.$eval(test('exposure'), (slider) => (slider as HTMLInputElement).value)).toBe('2');
    await app.page.waitForFunction(
      `document.body.textContent.includes('with what it showed at its end: it has 1 change,')`,
    );
  });

  it('ends where it holds no more, says so, and what it holds is played', async () => {
    // A hundred changes of what is shown take ten seconds: here they take one.
    await app.page.evaluateOnNewDocument(() => {
      const real = performance.now.bind(performance);
      performance.now = () => 10 * real();
    });
    await app.openScene();
    await app.seeFinalPicture();
    await app.page.click(test('record'));
    await app.see('recording-runs');
    await app.page.evaluate(`new Promise((resolve) => {
      const slider = document.querySelector('${test('exposure')}');
      const change = () => {
        if (document.querySelector('${test('recording')}')) return resolve();
        slider.value = slider.value === '1' ? '0' : '1';
        slider.dispatchEvent(new Event('input', { bubbles: true }));
        requestAnimationFrame(change);
      };
      change();
    })`);
    expect(await app.textOf('recording-full')).toContain('holds no more');
    expect(await app.textOf('recording')).toMatch(/[1-9].* kB/);
    await app.gone('recording-runs');
    await app.page.click(test('recording-play'));
    expect(await app.textOf('recording-play')).toMatch(/^\s*Stop\s*$/);
  });

  it('is the camera’s path of the next render', async () => {
    await app.openScene();
    await app.seeFinalPicture();
    await record();
    await app.page.click(test('recording-render'));
    await app.see('path-keys');
    expect(await app.page.$eval(test('camera-select'), (select) => (select as HTMLSelectElement).value)).toBe('path');
    const keys = await app.page.$eval(test('path-keys'), (list) => Number((list as HTMLElement).dataset.count));
    expect(keys).toBeGreaterThan(1);
    // All of it, not of the clip that was chosen.
    const all = await app.page.$eval(test('path-keys'), (list) => {
      const at = [...list.querySelectorAll('input')].map(({ value }) => Number(value));
      return `${Math.round(at[0] ?? 0)}-${Math.round(at.at(-1) ?? 0)}`;
    });
    expect(await app.page.$eval(test('render-frames'), (input) => (input as HTMLInputElement).value)).toBe(all);
    await app.page.click(test('recording-drop'));
    await app.gone('recording');
  });
});
