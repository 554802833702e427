import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { liveSize } from '../src/live/letterbox.ts';
import { HANGS_MS, LIVE, test, useApp } from './app-fixture.ts';

describe('the web app in Chromium', () => {
  const app = useApp();

  /** Colours of the live view, as the screen shows them. */
  async function livePixels(): Promise<string> {
    const stage = await app.page.waitForSelector(test('live-stage'));
    return Buffer.from((await stage?.screenshot({ type: 'png' })) ?? []).toString('base64');
  }

  it('signs in with the code of the address, and takes it out of the address', async () => {
    await app.signIn();
    expect(app.page.url()).toBe(`${app.farm.url}/`);
    await app.page.reload();
    await app.see('home');
  });

  it('says that a code is spent, and takes an API key instead', { tags: ['heavy'] }, async () => {
    await app.page.goto(`${app.farm.url}/#code=spent`);
    await app.see('sign-in-error');
    expect(await app.textOf('sign-in-error')).toMatch(/used already/);
    await app.page.click(`label:has(${test('sign-in-way-apiKey')})`);
    await app.page.type(test('sign-in-input'), 'good-key');
    await app.page.click(test('sign-in-submit'));
    await app.see('home');
  });

  it('takes a new code that is pasted into the address of an open sign-in page', { tags: ['heavy'] }, async () => {
    await app.page.goto(app.farm.url);
    await app.see('sign-in');
    await app.page.evaluate(() => {
      location.hash = '#code=good-code';
    });
    await app.see('home');
    expect(app.page.url()).toBe(`${app.farm.url}/`);
  });

  it('uploads what is dropped, checks it and opens it live', async () => {
    await app.signIn();
    await app.drop('ball.glb', Buffer.alloc(300_000, 1));
    await app.see('scene-page');
    await app.page.waitForSelector(LIVE);
    expect(app.farm.state.manifests[0]).toMatchObject({ name: 'ball', entry: 'ball.glb' });
    await app.gone('upload');
  });

  it('goes on with an upload where the line was cut', async () => {
    await app.signIn();
    app.farm.uploads.cutAfterBytes = 1_000_000;
    await app.drop('large.glb', Buffer.alloc(9_000_000, 2));
    await app.see('scene-page');
    const patches = app.farm.uploads.patches;
    expect(patches.length).toBeGreaterThan(1);
    expect(patches.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(9_000_000);
    expect(patches.at(-1)?.offset).toBe(patches[0]?.bytes);
  });

  it('goes on with an upload after the page was reloaded', { tags: ['heavy'] }, async () => {
    await app.signIn();
    app.farm.uploads.cutAfterBytes = 1_000_000;
    const content = Buffer.alloc(9_000_000, 3);
    await app.drop('again.glb', content);
    await app.page.waitForFunction(() => Object.keys(localStorage).some((key) => key.startsWith('tus::')));
    while (app.farm.uploads.patches.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    app.farm.uploads.down = true;
    await app.page.reload();
    await app.see('home');
    app.farm.uploads.down = false;
    await app.drop('again.glb', content);
    await app.see('scene-page');
    expect(app.farm.uploads.patches.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(9_000_000);
  });

  it('shows why a scene is refused: code, sentence and place', async () => {
    await app.signIn();
    app.farm.state.refuseNext = {
      code: 'scene.invalid',
      message: 'Accessor 3 ends outside its buffer.',
      pointer: '/accessors/3',
    };
    await app.drop('broken.glb', 'glTF');
    await app.see('upload-error', '[data-code="scene.invalid"]');
    const text = await app.textOf('upload-error');
    expect(text).toContain('Accessor 3 ends outside its buffer.');
    expect(text).toContain('/accessors/3');
    await app.drop('mended.glb', 'glTF, mended');
    await app.see('scene-page');
    await app.gone('upload-error');
  });

  it('turns the live view under the hand and acknowledges every picture', async () => {
    await app.openScene();
    await app.seeFinalPicture();
    const before = await livePixels();
    const canvas = await app.page.waitForSelector(LIVE);
    const box = await canvas?.boundingBox();
    if (!box) throw new Error('the view has no size');
    await app.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await app.page.mouse.down();
    await app.page.mouse.move(box.x + box.width / 2 + 150, box.y + box.height / 2 - 40, { steps: 8 });
    await app.page.mouse.up();
    await app.seeFinalPicture(3);
    expect(await livePixels()).not.toBe(before);
    expect(await app.page.$eval(test('camera-select'), (select) => (select as HTMLSelectElement).value)).toBe(
      'current',
    );
    // [LV26]
    expect(app.farm.live.messages.find((message) => message.type === 'hello')?.view.camera).toBe('auto');
    const view = () => app.farm.live.messages.filter((message) => message.type === 'view').at(-1)?.view;
    expect(view()).not.toHaveProperty('camera');
    const poses = app.farm.live.messages.filter((message) => message.type === 'pose');
    expect(poses.some(({ moving }) => moving)).toBe(true);
    expect(poses.at(-1)?.moving).toBe(false);
    const acknowledged = app.farm.live.messages
      .filter((message) => message.type === 'ack')
      .map(({ picture }) => picture);
    expect(acknowledged).toEqual(app.farm.live.pictures.slice(0, acknowledged.length).map(({ sequence }) => sequence));
    await app.page.select(test('camera-select'), 'scene:Close');
    await expect.poll(() => view()?.camera, { timeout: HANGS_MS }).toBe('Close');
  });

  it('asks for pictures of the size of the view: of another window, and of a finer display', {
    tags: ['heavy'],
  }, async () => {
    await app.openScene();
    const asked = () =>
      app.farm.live.messages.filter((said) => said.type === 'hello' || said.type === 'view').at(-1)?.view.size;
    const shown = (pixelRatio: number) =>
      app.page
        .$eval('.stage-host', ({ clientWidth, clientHeight }) => [clientWidth, clientHeight] as const)
        .then(([width, height]) => liveSize(width, height, pixelRatio, 16 / 9));
    for (const [width, height, deviceScaleFactor] of [
      [1_000, 700, 1],
      [800, 500, 1],
      [800, 500, 2],
    ] as const) {
      await app.page.setViewport({ width, height, deviceScaleFactor });
      await expect
        .poll(async () => isDeepStrictEqual(asked(), await shown(deviceScaleFactor)), { timeout: HANGS_MS })
        .toBe(true);
    }
    expect(asked()?.heightPx).toBeGreaterThan(600);
  });

  it('keeps the picture while the connection is lost, says so, and comes back with the same session', async () => {
    await app.openScene();
    app.farm.down = true;
    app.farm.dropSockets();
    await app.see('live-status');
    await app.see('offline-banner');
    await app.see('live-stage', '[data-painted="true"]');
    app.farm.down = false;
    await app.page.waitForSelector(LIVE);
    await app.gone('offline-banner');
    const hellos = app.farm.live.messages.filter((message) => message.type === 'hello');
    expect(hellos.at(-1)?.resume?.sessionId).toBe('ses_00000000000000000000');
  });

  it('resumes after a reload, with the camera where it was', async () => {
    await app.openScene();
    await app.page.focus(LIVE);
    for (let i = 0; i < 4; i++) await app.page.keyboard.press('ArrowRight');
    await app.seeFinalPicture(4);
    const poseOf = () => app.farm.live.messages.filter((message) => message.type === 'pose').at(-1)?.pose;
    const before = poseOf();
    await app.page.reload();
    await app.page.waitForSelector(LIVE);
    const hellos = app.farm.live.messages.filter((message) => message.type === 'hello');
    expect(hellos.at(-1)?.resume).toBeDefined();
    poseOf()?.position.forEach((value, axis) => {
      expect(value).toBeCloseTo(before?.position[axis] ?? 0, 2);
    });
  });

  it('says what keeps a session from being opened, and tries again when asked', async () => {
    app.farm.liveRefusal = { code: 'scene.refused', message: 'The scene was refused.' };
    const scene = app.farm.state.addScene('Spheres');
    await app.signIn();
    await app.page.goto(`${app.farm.url}/scenes/${scene.id}`);
    await app.see('live-error', '[data-code="scene.refused"]');
    app.farm.liveRefusal = null;
    await app.page.click(test('live-retry'));
    await app.page.waitForSelector(LIVE);
  });

  it('plays a clip no faster than pictures come', { tags: ['heavy'] }, async () => {
    await app.openScene();
    await app.page.click(test('timeline-play'));
    await app.page.waitForFunction(
      (selector) => Number(document.querySelector(selector)?.textContent?.split('/')[0]) > 6,
      {},
      test('timeline-frame'),
    );
    await app.page.click(test('timeline-play'));
    const views = app.farm.live.messages.filter((message) => message.type === 'view');
    const numbers = views.map(({ view }) => view.frameNumber).filter((frameNumber) => frameNumber > 0);
    expect(numbers.length).toBeGreaterThan(1);
    expect(numbers.length).toBeLessThanOrEqual(app.farm.live.pictures.length);
  });

  it('renders what was chosen; frames appear one by one, large, and can be downloaded', async () => {
    await app.openScene();
    await app.page.select(test('render-size'), '640x360');
    await app.page.select(test('camera-select'), 'scene:Close');
    await app.page.click(`label:has(${test('render-format-webp')})`);
    await app.replaceText('render-frames', '3-8');
    await app.page.click(test('render-button'));
    await app.see('frame-thumbnail', '[data-frame-number="3"]');
    await app.see('job', '[data-state="succeeded"]');
    expect(app.farm.state.jobRequests[0]?.layers[0]).toMatchObject({
      camera: 'Close',
      size: { widthPx: 640, heightPx: 360 },
      frames: '3-8',
      format: 'webp',
      clip: 'Bounce',
    });
    expect(await app.page.$$(test('frame-thumbnail'))).toHaveLength(6);
    const link = await app.page.$eval(test('frame-download', '[data-frame-number="8"]'), (element) => {
      const anchor = element as HTMLAnchorElement;
      return [anchor.download, new URL(anchor.href).pathname];
    });
    expect(link[0]).toBe('0008.webp');
    expect(link[1]).toMatch(/\/frames\/main\/0008\.webp$/);
    await app.see('job-archive');

    await app.page.click(test('frame-thumbnail', '[data-frame-number="3"]'));
    await app.see('lightbox', '[data-frame-number="3"]');
    await app.page.keyboard.press('ArrowRight');
    await app.see('lightbox', '[data-frame-number="4"]');
    await app.page.waitForFunction(
      (selector) => (document.querySelector<HTMLImageElement>(selector)?.naturalWidth ?? 0) > 0,
      {},
      test('lightbox-image'),
    );
    await app.page.keyboard.press('Escape');
    await app.gone('lightbox');
  });

  it('draws a frame again that is done', { tags: ['heavy'] }, async () => {
    await app.openScene();
    await app.page.click(test('render-button'));
    await app.see('job', '[data-state="succeeded"]');
    const [job] = app.farm.state.jobs.values();
    const drawn = () => app.farm.state.frames.get(job?.id ?? '')?.at(-1)?.frame;
    const before = drawn();
    app.farm.state.paused = true;
    await app.page.click(test('frame-thumbnail', `[data-frame-number="${before?.frameNumber}"]`));
    await app.see('lightbox');
    await app.page.click(test('lightbox-redraw'));
    await app.gone('lightbox');
    // What it showed is not shown any more.
    await app.gone('frame-thumbnail', `[data-frame-number="${before?.frameNumber}"]`);
    app.farm.state.paused = false;
    await app.see('job', '[data-state="succeeded"]');
    await app.see('frame-thumbnail', `[data-frame-number="${before?.frameNumber}"]`);
    expect(drawn()).toMatchObject({ frameNumber: before?.frameNumber });
    expect(drawn()?.attemptId).not.toBe(before?.attemptId);
  });

  it('pauses a job and lets it go on, and cancels it after asking once more', { tags: ['heavy'] }, async () => {
    app.farm.state.frameMs = 2_000;
    await app.openScene();
    await app.page.click(test('render-button'));
    await app.see('job-cancel');
    await app.page.click(test('job-pause'));
    await app.see('job', '[data-state="paused"]');
    await app.page.click(test('job-resume'));
    await app.see('job', '[data-state="running"]');
    await app.page.click(test('job-cancel'));
    await app.page.click(test('job-cancel'));
    await app.see('job', '[data-state="cancelled"]');
  });

  it('changes a job while it runs, sends what differs, and says what is wrong', { tags: ['heavy'] }, async () => {
    app.farm.state.frameMs = 60_000;
    await app.openScene();
    await app.page.click(test('render-button'));
    await app.page.click(test('job-change'));
    await app.replaceText('job-priority', '101');
    await app.see('job-priority-fault');
    await app.page.click(test('job-change-save'));
    expect(app.farm.state.jobChanges).toEqual([]);
    await app.replaceText('job-priority', '80');
    await app.replaceText('job-max-attempts', '5');
    await app.page.type(test('job-required-tags'), 'fast, big');
    await app.page.click(test('job-change-save'));
    await app.gone('job-change-form');
    expect(app.farm.state.jobChanges).toEqual([{ priority: 80, maxAttempts: 5, requires: { tags: ['fast', 'big'] } }]);
    await app.page.click(test('job-change'));
    await app.see('job-change-form');
    const value = (id: string) => app.page.$eval(test(id), (element) => (element as HTMLInputElement).value);
    expect(await Promise.all([value('job-max-attempts'), value('job-required-tags')])).toEqual(['5', 'fast, big']);
    await app.page.click(test('job-change-save'));
    await app.gone('job-change-form');
    expect(app.farm.state.jobChanges).toHaveLength(1);
    await app.page.click(test('job-cancel'));
    await app.page.click(test('job-cancel'));
    await app.gone('job-change');
  });

  it('puts away a job that is over, lists it again, and deletes it after asking once more', {
    tags: ['heavy'],
  }, async () => {
    await app.openScene();
    await app.page.click(test('render-button'));
    await app.see('job', '[data-state="succeeded"]');
    await app.page.goto(`${app.farm.url}/jobs`);
    await app.page.click(test('job-put-away'));
    await app.gone('job');
    await app.page.click(test('jobs-which-archived'));
    await app.see('job', '[data-state="succeeded"]');
    await app.page.click(test('job-put-away'));
    await app.gone('job');
    await app.page.click(test('jobs-which-current'));
    await app.see('job');
    await app.page.click(test('job-purge'));
    await app.page.click(test('job-purge'));
    await app.gone('job');
    expect(app.farm.state.jobs.size).toBe(0);
  });

  it('tells what a job would take, and keeps that with the job', { tags: ['heavy'] }, async () => {
    await app.openScene();
    await app.page.click(test('estimate-button'));
    await app.see('estimate');
    expect(await app.textOf('estimate')).toBe('About 2 min on 2 slots, 240 slot-seconds, ±20 %');
    await app.page.click(test('render-button'));
    await app.see('job', '[data-state="succeeded"]');
    expect(app.farm.state.jobRequests[0]).toMatchObject({ estimateId: expect.stringMatching(/^est_/) });
    await app.replaceText('render-frames', '1-3');
    await app.gone('estimate');
    await app.page.click(test('render-button'));
    while (app.farm.state.jobRequests.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(app.farm.state.jobRequests[1]).not.toHaveProperty('estimateId');
  });

  it('approves what is held by its budget', { tags: ['heavy'] }, async () => {
    app.farm.state.paused = true;
    await app.openScene();
    await app.page.click(test('render-button'));
    await app.see('job');
    const [job] = app.farm.state.jobs.values();
    if (!job) throw new Error('there is no job');
    const message = 'Would take about 2.00 slot-hours (1.60 to 2.40), and its budget is 1h.';
    app.farm.state.hold(job, { reason: 'budget', message });
    await app.see('job-approve');
    expect(await app.textOf('job-waits')).toContain(message);
    await app.gone('job-resume');
    app.farm.state.paused = false;
    await app.page.click(test('job-approve'));
    await app.see('job', '[data-state="succeeded"]');
    await app.gone('job-approve');
  });

  it('tries again what has failed', { tags: ['heavy'] }, async () => {
    app.farm.state.failNext = { code: 'render.failed', message: 'A material’s shader does not compile.' };
    await app.openScene();
    await app.page.click(test('render-button'));
    await app.see('job-error');
    await app.page.click(test('job-retry-failed'));
    await app.see('job', '[data-state="succeeded"]');
    await app.gone('job-error');
  });

  it('shows jobs that begin elsewhere without asking for them', { tags: ['heavy'] }, async () => {
    const sceneId = await app.openScene();
    await app.page.goto(`${app.farm.url}/jobs`);
    await app.see('jobs-page', '[data-state="ready"]');
    await app.see('link', '[data-state="live"]');
    app.farm.state.submit({
      sceneId,
      name: 'From a script',
      layers: [{ size: { widthPx: 64, heightPx: 36 }, frames: '1-3' }],
    });
    await app.see('job', '[data-state="succeeded"]');
  });

  it('says of a worker what jobs may require of it', { tags: ['heavy'] }, async () => {
    await app.signIn();
    await app.page.goto(`${app.farm.url}/workers`);
    await app.see('link', '[data-state="live"]');
    const facts = await app.page.$$eval('dl.facts > *', (all) => all.map(({ textContent }) => textContent));
    const said = [
      'CPU cores8',
      'Machine’s memory32 GiB',
      'GPU memory8 GiB',
      'Largest texture16,384 px',
      'Tagsfast, rack=3',
    ];
    for (const fact of said) expect(facts).toContain(fact);
  });

  it('fits a screen 360 pixels wide', { tags: ['heavy'] }, async () => {
    const sceneId = await app.openScene();
    await app.page.setViewport({ width: 360, height: 700, isMobile: true, hasTouch: true });
    for (const path of ['/', `/scenes/${sceneId}`, '/jobs', '/workers']) {
      await app.page.goto(`${app.farm.url}${path}`);
      await app.see('link', '[data-state="live"]');
      expect(await app.page.evaluate(() => document.documentElement.scrollWidth), path).toBe(360);
    }
  });
});
