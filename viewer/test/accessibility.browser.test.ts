import { AxePuppeteer } from '@axe-core/puppeteer';
import { describe, expect, it } from 'vitest';
import { LIVE, test, useApp } from './app-fixture.ts';

describe('every state of the web app', () => {
  const app = useApp();

  async function faultsOf(place: string): Promise<string[]> {
    const { violations } = await new AxePuppeteer(app.page).analyze();
    return violations.map(({ id, nodes }) => `${place}: ${id} ${nodes.map(({ html }) => html).join(' ')}`);
  }

  it.each(['light', 'dark'] as const)('has no fault of access that axe finds, in %s', async (theme) => {
    const { page, farm } = app;
    await page.emulateMediaFeatures([
      { name: 'prefers-color-scheme', value: theme },
      { name: 'prefers-reduced-motion', value: 'reduce' },
    ]);
    const faults: string[] = [];
    const look = async (place: string) => faults.push(...(await faultsOf(place)));

    await page.goto(`${farm.url}/#code=spent`);
    await app.see('sign-in-error');
    await look('sign-in');
    await page.goto('about:blank');
    await app.signIn();
    await app.see('home', '[data-state="ready"]');
    await look('no scenes');
    for (const path of ['jobs', 'workers']) {
      await page.goto(`${farm.url}/${path}`);
      await app.see(`${path}-page`, '[data-state="ready"]');
      await look(path);
    }

    farm.liveLoadMs = Number.POSITIVE_INFINITY;
    const scene = farm.state.addScene('Spheres');
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
    await look('live');

    await app.replaceText('render-frames', '1-10,,20');
    await app.see('render-frames-fault');
    await look('a fault of the form');
    await app.replaceText('render-frames', '0-3');
    farm.state.paused = true;
    await page.waitForSelector(test('render-button', ':not([disabled])'));
    await page.click(test('render-button'));
    await app.see('frame-waiting');
    await look('rendering');
    farm.state.paused = false;
    await app.see('job', '[data-state="succeeded"]');
    await look('done');
    await page.click(test('frame-thumbnail'));
    await app.see('lightbox');
    await look('a frame, large');
    await page.keyboard.press('Escape');
    await page.click(test('tab-info'));
    await app.see('info-panel');
    await look('contents');

    farm.down = true;
    farm.dropSockets();
    await app.see('offline-banner');
    await app.see('live-status');
    await look('offline');
    farm.down = false;
    await app.gone('offline-banner');

    farm.state.failNext = { code: 'storage.full', message: 'The disk is full.' };
    farm.state.submit({ sceneId: scene.id, layers: [{ size: { widthPx: 64, heightPx: 36 }, frames: '1-3' }] });
    await page.goto(`${farm.url}/jobs`);
    await app.see('job-error');
    await look('a failed job');

    await page.goto(farm.url);
    await app.see('scene-card');
    await look('scenes');
    farm.uploads.down = true;
    await app.drop('large.glb', Buffer.alloc(100_000, 1));
    await app.see('upload-pause');
    await look('uploading');
    farm.uploads.down = false;
    farm.state.refuseNext = { code: 'scene.invalid', message: 'Accessor 3 ends outside.', pointer: '/accessors/3' };
    await app.see('upload-error');
    await look('refused');

    expect(faults).toEqual([]);
  });
});
