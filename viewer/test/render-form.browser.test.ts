import { describe, expect, it } from 'vitest';
import { HANGS_MS, LIVE, test, useApp } from './app-fixture.ts';

describe('the render form in Chromium', () => {
  const app = useApp();

  it('checks frames as they are typed, and says where the fault is', { tags: ['heavy'] }, async () => {
    await app.openScene();
    await app.replaceText('render-frames', '1-10,,20');
    const position = await app.page.$eval(
      test('render-frames-fault'),
      (element) => (element as HTMLElement).dataset.position,
    );
    expect(position).toBe('5');
    expect(await app.textOf('render-fault')).not.toBe('');
    expect(await app.page.$eval(test('render-button'), (button) => (button as HTMLButtonElement).disabled)).toBe(true);
    await app.replaceText('render-frames', '1-10');
    await app.page.waitForFunction(
      (selector) => document.querySelector(selector)?.textContent === '10 frames',
      {},
      test('render-frames-count'),
    );
  });

  it('lights a scene with an environment that is chosen for it, before a colour, in the live view and in the job', async () => {
    await app.openScene();
    await app.drop('sky.hdr', '#?RADIANCE', 'environment-input');
    const view = () => app.farm.live.messages.filter((message) => message.type === 'view').at(-1)?.view;
    await expect.poll(() => view()?.environment, { timeout: HANGS_MS }).toMatchObject({ sizeBytes: 10 });
    await app.drop('film.cube', 'LUT_1D_SIZE 2', 'lut-input');
    await expect.poll(() => view()?.lut, { timeout: HANGS_MS }).toMatchObject({ sizeBytes: 13 });
    const { environment, lut } = view() ?? {};
    await app.page.click(`label:has(${test('background-color')})`);
    await app.page.$eval(`${test('background-picker')}`, (input) => {
      (input as HTMLInputElement).value = '#3fa907';
      input.dispatchEvent(new Event('input', { bubbles: true }));
    });
    await expect.poll(() => view()?.background, { timeout: HANGS_MS }).toBe('#3fa907');
    await app.page.click(test('render-button'));
    await expect.poll(() => [...app.farm.state.jobs.values()].length, { timeout: HANGS_MS }).toBeGreaterThan(0);
    const settings = [...app.farm.state.jobs.values()].at(-1)?.layers[0]?.settings;
    expect(settings).toMatchObject({ environment, lut, background: '#3fa907' });
    await app.page.select(test('environment'), 'white');
    await expect.poll(() => view()?.environment, { timeout: HANGS_MS }).toBe('white');
    await app.page.select(test('environment'), 'scene');
    await expect.poll(() => view()?.environment, { timeout: HANGS_MS }).toBe('scene');
  });

  it('asks for a budget and test frames that are to be approved, and says what is wrong with them', {
    tags: ['heavy'],
  }, async () => {
    await app.openScene();
    await app.unfold('advanced');
    await app.replaceText('render-budget', 'a lot');
    await app.see('render-budget-fault');
    await app.replaceText('render-budget', '2h');
    await app.gone('render-budget-fault');
    await app.replaceText('render-test-frames', 'first, last');
    await app.page.click(`label:has(${test('render-test-approve-on')})`);
    await app.replaceText('render-required-tags', 'fast');
    await app.page.click(test('render-button'));
    await expect.poll(() => app.farm.state.jobRequests.length, { timeout: HANGS_MS }).toBe(1);
    expect(app.farm.state.jobRequests[0]).toMatchObject({
      budget: '2h',
      testFrames: { frames: 'first, last', approve: true },
      requires: { tags: ['fast'] },
    });
  });

  it('renders with lens, shutter, turntable and a variant, and says what the live view leaves out', {
    tags: ['heavy'],
  }, async () => {
    await app.openScene();
    const choose = (id: string) => app.page.click(`label:has(${test(id)})`);
    await app.page.select(test('variant-select'), 'variant:Street');
    await app.unfold('motion');
    await choose('render-lens-on');
    await choose('render-focus-distance');
    await app.replaceText('render-focus-distance', '3.5');
    await app.page.focus(test('render-shutter'));
    await app.page.keyboard.press('End');
    await choose('render-turntable-on');
    await app.see('render-sharp-hint');
    await app.replaceText('render-turntable-frames', '3');
    expect((await app.textOf('live-note')).trim()).toContain('Preview without the turntable');
    await app.page.click(test('render-button'));
    await app.see('job');
    expect(app.farm.state.jobRequests[0]?.layers[0]).toMatchObject({
      variant: 'Street',
      lens: { fStop: 2.8, focusDistanceM: 3.5 },
      shutterAngleDeg: 360,
      turntable: { frames: 3 },
    });
    const views = app.farm.live.messages.flatMap((said) => (said.type === 'view' ? [said.view.variant] : []));
    expect(views).toContain('Street');
  });

  it('flies from key to key, which are added where the live view looks from, and shows the way', {
    tags: ['heavy'],
  }, async () => {
    await app.openScene();
    await app.seeFinalPicture();
    await app.page.select(test('camera-select'), 'path');
    await app.see('render-fault');
    await app.page.click(test('path-add'));
    await app.page.focus(LIVE);
    for (let i = 0; i < 6; i++) await app.page.keyboard.press('ArrowRight');
    await app.seeFinalPicture(6);
    await app.page.click(test('path-add'));
    await app.see('path-keys', '[data-count="2"]');
    const poses = () => app.farm.live.messages.filter((said) => said.type === 'pose');
    const distance = (a: readonly number[] = [], b: readonly number[] = []) =>
      Math.hypot(...[0, 1, 2].map((axis) => (a[axis] ?? 0) - (b[axis] ?? 0)));
    const end = poses().at(-1)?.pose.position;
    await app.page.click(`${test('path-keys')} li:first-child ${test('path-key-look')}`);
    await app.page.waitForFunction(
      (selector) => document.querySelector(selector)?.textContent?.startsWith('0') === true,
      {},
      test('timeline-frame'),
    );
    await expect.poll(() => distance(poses().at(-1)?.pose.position, end), { timeout: HANGS_MS }).toBeGreaterThan(1);
    await app.page.click(test('render-button'));
    await app.see('job');
    const [layer] = app.farm.state.jobRequests[0]?.layers ?? [];
    expect(layer).toMatchObject({ camera: { path: [{ frame: 0 }, { frame: 24 }] }, frames: '0-47' });
    if (typeof layer?.camera !== 'object' || !('path' in layer.camera)) throw new Error('the camera has no path');
    const [first, second] = layer.camera.path;
    expect(distance(second?.position, end)).toBeLessThan(0.01);
    expect(distance(first?.position, second?.position)).toBeGreaterThan(1);

    await app.page.click(`${test('path-as-text')} summary`);
    await app.drop(
      'flight.json',
      '[{ "frame": 3, "position": [4, 1, 4], "target": [4, 1, 4], "fovDeg": 40 }]',
      'path-input',
    );
    await app.see('path-text-fault');
    expect(await app.textOf('path-text-fault')).toContain('/path/0/target');
  });

  it('changes what is seen of a scene, plays a part of several clips, and divides frames of several cameras', {
    tags: ['heavy'],
  }, async () => {
    await app.openScene();
    const choose = (id: string) => app.page.click(`label:has(${test(id)})`);
    const view = () => app.farm.live.messages.filter((message) => message.type === 'view').at(-1)?.view;
    await choose('more-cameras-Close');
    for (const section of ['objects', 'animation', 'work']) await app.unfold(section);
    await app.page.type(test('hide-input'), 'Ball');
    await app.page.keyboard.press('Enter');
    await app.page.select(test('material-add'), 'Paint');
    await app.page.click(test('material-add-roughness'));
    const edits = { hide: ['Ball'], materials: [{ material: 'Paint', baseColor: '#c2450b', roughness: 0.5 }] };
    await expect.poll(view, { timeout: HANGS_MS }).toMatchObject(edits);
    await choose('more-clips-Rest');
    await app.replaceText('clip-start', '0.5');
    await app.replaceText('clip-end', '1');
    await choose('clip-loop-pingpong');
    const part = { clip: 'Bounce', moreClips: ['Rest'], clipStartSec: 0.5, clipEndSec: 1, clipLoop: 'pingpong' };
    await expect.poll(view, { timeout: HANGS_MS }).toMatchObject(part);
    await choose('render-engine-pathtrace');
    await app.see('render-engine-left-out');
    expect(await app.textOf('render-engine-left-out')).toContain('with WebGL draws this scene without anisotropy');
    await choose('render-engine-raster');
    await choose('render-divide-on');
    await app.replaceText('render-rows', '3');
    // No worker of this farm has it.
    expect(await app.page.$eval(test('render-backend-webgpu'), (input) => (input as HTMLInputElement).disabled)).toBe(
      true,
    );
    await app.page.click(test('render-button'));
    await app.see('job');
    const divided = { ...edits, ...part, frames: '0-23', backend: 'auto', tiles: { columns: 2, rows: 3 } };
    expect(app.farm.state.jobRequests[0]?.layers).toMatchObject([
      { ...divided, camera: 'auto', name: 'auto' },
      { ...divided, camera: 'Close', name: 'Close' },
    ]);
    await app.page.reload();
    await app.see('hide-chip');
    expect(await app.textOf('section-work-head')).toContain('6 parts a frame');
  });

  it('[LV37] selects what is clicked in the live view, with what can be changed of it, until Escape', async () => {
    await app.openScene();
    await app.seeFinalPicture();
    const box = await (await app.page.waitForSelector(LIVE))?.boundingBox();
    if (!box) throw new Error('the view has no size');
    const middle = [box.x + box.width / 2, box.y + box.height / 2] as const;
    const questions = () => app.farm.live.messages.filter(({ type }) => type === 'pick').length;
    const view = () => app.farm.live.messages.filter((message) => message.type === 'view').at(-1)?.view;
    await app.page.click(test('tab-info'));
    await app.page.mouse.click(...middle);
    await app.see('picked', '[data-node="Ball"][data-material="Paint"]');
    // The panel shows it, whatever it showed.
    await app.see('section-objects', '[open]');
    await app.see('picked-card', '[data-node="Ball"]');
    const inCard = (id: string) => `${test('picked-card')} ${test(id)}`;
    await app.page.click(inCard('material-add-baseColor'));
    const materials = [{ material: 'Paint', baseColor: '#c2450b' }];
    await expect.poll(view, { timeout: HANGS_MS }).toMatchObject({ materials });
    expect(await app.page.$$(test('material-card'))).toHaveLength(1);
    await app.page.waitForSelector(inCard('material-baseColor'));

    // Who turns the scene selects nothing.
    const asked = questions();
    await app.page.mouse.move(...middle);
    await app.page.mouse.down();
    await app.page.mouse.move(middle[0] + 60, middle[1], { steps: 4 });
    await app.page.mouse.move(...middle, { steps: 4 });
    await app.page.mouse.up();
    expect(questions()).toBe(asked);
    await app.see('picked', '[data-node="Ball"]');
    await app.page.keyboard.press('Escape');
    await app.gone('picked');
    await app.gone('picked-card');
    expect(await app.page.$$(test('material-card'))).toHaveLength(1);

    // By the keyboard alone, too.
    await app.page.focus(LIVE);
    await app.page.keyboard.press('Enter');
    await app.see('picked', '[data-node="Ball"]');
    await app.page.click(test('picked-change'));
    await app.page.waitForFunction(
      (selector) => document.activeElement?.closest(selector) !== null,
      {},
      test('picked-card'),
    );
    await app.page.keyboard.press('Enter');
    await expect.poll(view, { timeout: HANGS_MS }).toMatchObject({ hide: ['Ball'] });
    await app.gone('picked');

    await app.page.mouse.click(...middle);
    await app.see('picked');
    // Above all spheres nothing stands.
    await app.page.mouse.click(middle[0], box.y + box.height * 0.06);
    await app.gone('picked');
    app.farm.pickError = { code: 'live.worker_lost', message: 'the worker is gone' };
    await app.page.mouse.click(...middle);
    await app.page.waitForFunction(() => document.body.textContent?.includes('not known: the worker is gone'));
  });

  it('offers what browsers do not show for download, and marks frames that are suspicious', {
    tags: ['heavy'],
  }, async () => {
    app.farm.state.statistics = { min: 0, max: 0, mean: 0, nanCount: 12 };
    await app.openScene();
    await app.page.click(`label:has(${test('render-format-exr')})`);
    await app.page.click(`label:has(${test('render-bit-depth-float')})`);
    await app.page.click(`label:has(${test('render-passes-depth')})`);
    await app.page.click(`label:has(${test('render-passes-beauty')})`);
    // The last one stays.
    await app.page.click(`label:has(${test('render-passes-depth')})`);
    await app.replaceText('render-frames', '3');
    await app.page.click(test('render-button'));
    await app.see('job', '[data-state="succeeded"]');
    expect(app.farm.state.jobRequests[0]?.layers[0]).toMatchObject({
      format: 'exr',
      bitDepth: 'float',
      passes: ['depth'],
    });
    expect(await app.textOf('frame-unseen')).toContain('OpenEXR');
    expect(await app.textOf('frame-flag')).toContain('12 pixels are not numbers, all black');
    const name = await app.page.$eval(test('frame-download'), (element) => (element as HTMLAnchorElement).download);
    expect(name).toBe('0003.exr');
    await app.page.click(test('frame-thumbnail'));
    await app.see('lightbox');
    expect(await app.page.$(test('lightbox-image'))).toBeNull();
    await app.see('lightbox-download');
    expect(await app.textOf('lightbox')).toContain('12 pixels are not numbers · all black');
  });

  it('shows frames that are too large small, with their size, and downloads them as they are', {
    tags: ['heavy'],
  }, async () => {
    await app.openScene();
    await app.replaceText('render-width', '16384');
    await app.replaceText('render-height', '9216');
    await app.replaceText('render-frames', '3');
    await app.page.click(test('render-button'));
    await app.see('job', '[data-state="succeeded"]');
    expect(await app.textOf('frame-preview-size')).toContain('PNG 16384 × 9216');
    const widthOf = (id: string) =>
      app.page.$eval(test(id), async (element) => {
        const image = element as HTMLImageElement;
        await image.decode();
        return image.naturalWidth;
      });
    expect(await widthOf('frame-preview')).toBe(200);
    await app.page.click(test('frame-thumbnail'));
    await app.see('lightbox');
    expect(await widthOf('lightbox-image')).toBe(200);
    const file = await app.page.$eval(test('lightbox-download'), (element) => (element as HTMLAnchorElement).href);
    expect(file).toMatch(/\/frames\/[^/]+\/0003\.png\?v=[0-9a-f]{24}$/);
  });
});
