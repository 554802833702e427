import { AxePuppeteer } from '@axe-core/puppeteer';
import { beforeEach, describe, expect, it } from 'vitest';
import { HANGS_MS, LIVE, test, useApp } from './app-fixture.ts';

describe.each(['light', 'dark'] as const)('axe has no complaint, in %s,', { timeout: HANGS_MS * 6 }, (theme) => {
  const app = useApp();

  beforeEach(() =>
    app.page.emulateMediaFeatures([
      { name: 'prefers-color-scheme', value: theme },
      { name: 'prefers-reduced-motion', value: 'reduce' },
    ]),
  );

  async function look(place: string): Promise<void> {
    const axe = new AxePuppeteer(app.page);
    // Nothing else than contrast depends on the theme.
    const { violations } = await (theme === 'light' ? axe : axe.withRules('color-contrast')).analyze();
    expect(
      violations.map(({ id, nodes }) => `${id} ${nodes.map(({ html }) => html).join(' ')}`),
      place,
    ).toEqual([]);
  }

  it('at the sign-in', async () => {
    await app.page.goto(`${app.farm.url}/#code=spent`);
    await app.see('sign-in-error');
    await look('sign-in');
  });

  it('where nothing is yet', async () => {
    await app.signIn();
    await app.see('home', '[data-state="ready"]');
    await look('no scenes');
    await app.page.goto(`${app.farm.url}/jobs`);
    await app.see('jobs-page', '[data-state="ready"]');
    await look('no jobs');
    app.farm.state.workers.length = 0;
    await app.page.goto(`${app.farm.url}/workers`);
    await app.see('workers-page', '[data-state="ready"]');
    await look('no workers');
  });

  it('while a scene is loaded, cannot be loaded, and is live', async () => {
    const { page, farm } = app;
    farm.liveLoadMs = Number.POSITIVE_INFINITY;
    const scene = farm.state.addScene('Spheres');
    await app.signIn();
    await page.goto(`${farm.url}/scenes/${scene.id}`);
    await app.see('live-status');
    await look('loading');
    farm.liveLoadMs = 0;
    farm.liveRefusal = { code: 'job.unsupported', message: 'No worker can draw this.' };
    await page.reload();
    await app.see('live-error');
    await look('live error');
    farm.liveRefusal = null;
    await page.click(test('live-retry'));
    await page.waitForSelector(LIVE);
    await page.click(test('hud-toggle'));
    await page.focus(LIVE);
    await page.keyboard.press('Enter');
    await app.see('picked-card');
    await look('live, with something selected');
    await page.click(test('tab-info'));
    await app.see('info-panel');
    await look('live, with what is in the scene');
    farm.down = true;
    farm.dropSockets();
    await app.see('offline-banner');
    await app.see('live-status');
    await look('offline');
  });

  it('from the form to the last frame', async () => {
    const { page, farm } = app;
    await app.openScene();
    await app.replaceText('render-frames', '1-10,,20');
    await app.see('render-frames-fault');
    await look('a fault of the form');
    await app.replaceText('render-frames', '0-3');
    farm.state.paused = true;
    await page.waitForSelector(test('render-button', ':not([disabled])'));
    await page.click(test('render-button'));
    await app.see('frame-waiting');
    await look('waiting for frames');
    farm.state.paused = false;
    await app.see('job', '[data-state="succeeded"]');
    await look('done');
    await page.click(test('frame-thumbnail'));
    await app.see('lightbox');
    await look('a frame, large');
  });

  it('in the lists, with a job that failed', async () => {
    const { page, farm } = app;
    const scene = farm.state.addScene('Spheres');
    farm.state.failNext = { code: 'storage.full', message: 'The disk is full.' };
    farm.state.submit({ sceneId: scene.id, layers: [{ size: { widthPx: 64, heightPx: 36 }, frames: '1-3' }] });
    await app.signIn();
    await app.see('scene-card');
    await look('scenes');
    await page.goto(`${farm.url}/jobs`);
    await app.see('job-error');
    await look('jobs');
    await page.goto(`${farm.url}/workers`);
    await app.see('worker');
    await look('workers');
  });

  it('while files are sent, and when the scene is refused', async () => {
    const { farm } = app;
    await app.signIn();
    farm.uploads.down = true;
    await app.drop('large.glb', Buffer.alloc(100_000, 1));
    await app.see('upload-pause');
    await look('uploading');
    farm.state.refuseNext = { code: 'scene.invalid', message: 'Accessor 3 ends outside.', pointer: '/accessors/3' };
    farm.uploads.down = false;
    await app.see('upload-error');
    await look('refused');
  });
});
