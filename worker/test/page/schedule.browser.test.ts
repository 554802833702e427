import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LiveView, Pose } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandLine, processTree } from '../../src/browser/process-tree.ts';
import { GltfBuilder, layeredScene, movingSquare, unlitSquare } from './glb.ts';
import { gpuBalance, loseContext, watchGpu } from './gpu-probe.ts';
import { decode, samePixels } from './pixels.ts';
import { png } from './png.ts';
import { SETTINGS, TestPage } from './test-page.ts';

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

const SIZE = { widthPx: 64, heightPx: 64 };
const POSE: Pose = { position: [0, 0, 3], quaternion: [0, 0, 0, 1], fovDeg: 30 };
const POSE_LOOKS_AT = { position: POSE.position, target: [0, 0, 0] as [number, number, number] };
const VIEW: LiveView = {
  samples: 1,
  clip: null,
  fps: 24,
  toneMapping: 'none',
  exposureEv: 0,
  background: 'neutral',
  size: SIZE,
  frameNumber: 0,
};
const LIVE = { view: VIEW, size: SIZE, pose: POSE, format: 'jpeg', quality: 80, samples: 1 } as const;

/** Calls `frame` and writes what happens into `log`. */
function logged(log: string[], name: string, sceneHash: string, samples = 1, size = SIZE, onProgress = () => {}) {
  const settings = { ...SETTINGS, samples, size };
  return page.client
    .call('frame', { sceneHash, settings, frameNumber: 0 }, { onDrawn: () => log.push(`${name} drawn`), onProgress })
    .then((answer) => {
      log.push(`${name} done`);
      return answer;
    });
}

describe('frames', () => {
  it('ends one that nobody wants any more between two samples, one that waits before it begins, and draws others', {
    tags: ['heavy'],
  }, async () => {
    const { sceneHash } = await page.load({ 'scene.glb': layeredScene() });
    const stopped = new AbortController();
    const settings = { ...SETTINGS, samples: 100_000 };
    const order = { sceneHash, settings, frameNumber: 0 };
    let begun = () => {};
    const isBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const hooks = { signal: stopped.signal, onProgress: () => begun() };
    const frames = [page.client.call('frame', order, hooks), page.client.call('frame', order, hooks)];
    const ends = Promise.allSettled(frames);
    const next = page.frame(sceneHash, { samples: 2 });
    await isBegun;
    stopped.abort();
    for (const end of await ends) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'attempt.stale' } });
    expect((await next).bytes.length).toBeGreaterThan(0);
    // What is drawn comes to its end.
    const late = new AbortController();
    const whole = page.client.call(
      'frame',
      { ...order, settings: SETTINGS },
      { signal: late.signal, onDrawn: () => late.abort() },
    );
    expect((await whole).bytes.length).toBeGreaterThan(0);
  });

  it('draws the next frame while one is encoded', async () => {
    const { sceneHash } = await page.load({ 'scene.glb': layeredScene() });
    const size = { widthPx: 1_280, heightPx: 720 };
    const settings = { ...SETTINGS, size, format: 'webp' as const };
    const frames = await Promise.all(
      Array.from({ length: 6 }, (_, frameNumber) => page.client.call('frame', { sceneHash, settings, frameNumber })),
    );
    const stages = frames.map(({ result: { draw, encode } }) => ({
      draw: [draw.startedAtMs, draw.startedAtMs + draw.durationMs] as const,
      encode: [encode.startedAtMs, encode.startedAtMs + encode.durationMs] as const,
    }));
    const overlaps = stages.some(({ encode: [from, to] }, n) =>
      stages.slice(n + 1).some(({ draw }) => draw[0] < to && draw[1] > from),
    );
    expect(overlaps).toBe(true);
    for (const [n, { draw }] of stages.entries()) {
      const next = stages[n + 1];
      // Drawing is serial; clocks have a resolution of 0.1 ms.
      if (next) expect(next.draw[0]).toBeGreaterThanOrEqual(draw[1] - 0.2);
    }
  });

  it('says drawn before done, and answers every frame of a burst', async () => {
    const { sceneHash } = await page.load({ 'scene.glb': layeredScene() });
    const log: string[] = [];
    await Promise.all(Array.from({ length: 8 }, (_, n) => logged(log, `${n}`, sceneHash)));
    for (let n = 0; n < 8; n += 1) expect(log.indexOf(`${n} drawn`)).toBeLessThan(log.indexOf(`${n} done`));
    expect(log.filter((line) => line.endsWith('drawn'))).toEqual(Array.from({ length: 8 }, (_, n) => `${n} drawn`));
  });

  it('fails a frame of a scene that is not loaded, and goes on', async () => {
    await expect(page.frame('0'.repeat(64))).rejects.toMatchObject({ code: 'render.failed' });
    const { sceneHash } = await page.load({ 'scene.glb': layeredScene() });
    expect((await page.frame(sceneHash)).bytes.length).toBeGreaterThan(0);
  });
});

describe('live pictures', () => {
  it('go before frames that wait', async () => {
    const { sceneHash } = await page.load({ 'scene.glb': layeredScene() });
    const log: string[] = [];
    // The first takes so long that all the others are there meanwhile.
    const first = logged(log, 'frame 0', sceneHash, 400, { widthPx: 256, heightPx: 256 });
    const frames = [first, ...[1, 2, 3, 4].map((n) => logged(log, `frame ${n}`, sceneHash))];
    const live = page.client.call('live', { sceneHash, ...LIVE }, { onDrawn: () => log.push('live drawn') });
    await Promise.all([...frames, live]);
    // One frame may have been begun.
    expect(log.filter((line) => line.endsWith('drawn')).indexOf('live drawn')).toBeLessThanOrEqual(1);
  });

  it('do not wait for the end of a frame of many samples', { tags: ['heavy'] }, async () => {
    const { sceneHash } = await page.load({ 'scene.glb': layeredScene() });
    const log: string[] = [];
    const frame = logged(log, 'frame', sceneHash, 400, { widthPx: 256, heightPx: 256 });
    const live = page.client.call('live', { sceneHash, ...LIVE }).then(() => log.push('live done'));
    await Promise.all([frame, live]);
    expect(log).toEqual(['live done', 'frame drawn', 'frame done']);
  });

  it('do not wait for the end of one sample that is large', { tags: ['heavy'] }, async () => {
    const { sceneHash } = await page.load({ 'scene.glb': layeredScene() });
    const log: string[] = [];
    // More pixels than are drawn at once of a scene of which nothing is known.
    let frame: Promise<unknown> = Promise.resolve();
    await new Promise<void>((begun) => {
      frame = logged(log, 'frame', sceneHash, 1, { widthPx: 4_096, heightPx: 2_160 }, begun).then(() => begun());
    });
    const live = page.client.call('live', { sceneHash, ...LIVE }).then(() => log.push('live done'));
    await Promise.all([frame, live]);
    expect(log).toEqual(['live done', 'frame drawn', 'frame done']);
  });

  it('show the pose that was asked for, and say near and far', async () => {
    const { sceneHash } = await page.load({ 'scene.glb': unlitSquare([1, 0, 0]) });
    const { result, bytes } = await page.client.call('live', { sceneHash, ...LIVE, format: 'png' });
    expect((await decode(bytes)).middle).toEqual([255, 0, 0, 255]);
    expect(result.near).toBeLessThan(3);
    expect(result.far).toBeGreaterThan(3);
    expect(Math.abs(result.drawEndMs - Date.now())).toBeLessThan(600_000);
    const away: Pose = { ...POSE, quaternion: [0, 1, 0, 0] };
    const behind = await page.client.call('live', { sceneHash, ...LIVE, pose: away, format: 'png' });
    expect((await decode(behind.bytes)).middle).toEqual([150, 150, 150, 255]);
  });

  it('are the same as the frame of the same size and samples', async () => {
    const { sceneHash } = await page.load({ 'scene.glb': layeredScene() });
    const live = await page.client.call('live', { sceneHash, ...LIVE, format: 'png', samples: 4 });
    const frame = await page.frame(sceneHash, { camera: { ...POSE_LOOKS_AT, fovDeg: POSE.fovDeg }, samples: 4 });
    expect(await samePixels(live.bytes, frame.bytes)).toBe(true);
  });
});

describe('scenes', () => {
  it('are loaded once for all who ask at the same time', async () => {
    const scene = await page.mount({ 'scene.glb': unlitSquare([0.2, 0.9, 0.3]) });
    const loads = await Promise.all(Array.from({ length: 5 }, () => page.client.call('load', { scene })));
    expect(loads.filter(({ result }) => result.loadedNow)).toHaveLength(1);
    expect((await page.client.call('load', { scene })).result.loadedNow).toBe(false);
  });

  it('are described: bounds and an automatic camera that sees them', async () => {
    const { bounds, autoCamera } = await page.load({ 'scene.glb': movingSquare() });
    expect(bounds).toEqual({ min: [-1.5, -0.5, 0], max: [-0.5, 0.5, 0] });
    expect(autoCamera.position[1]).toBeGreaterThan(autoCamera.target[1]);
    expect(autoCamera.position[2]).toBeGreaterThan(1);
  });

  it('leave nothing on the GPU when they are unloaded', async () => {
    const files = { 'scene.glb': await texturedLitScene() };
    const once = async () => {
      const { sceneHash } = await page.load(files);
      await page.frame(sceneHash);
      const loaded = await gpuBalance(page);
      await page.client.call('unload', { sceneHash });
      await expect(page.frame(sceneHash)).rejects.toMatchObject({ code: 'render.failed' });
      return { loaded, unloaded: await gpuBalance(page) };
    };
    await watchGpu(page);
    // What the page keeps for all scenes is made with the first two: the second time a program is one more.
    await once();
    const first = await once();
    const second = await once();
    expect(second.loaded.Texture).toBeGreaterThan(first.unloaded.Texture);
    expect(second.loaded.Buffer).toBeGreaterThan(first.unloaded.Buffer);
    expect(second.unloaded).toEqual(first.unloaded);
  });

  it('are kept until the last picture of them is done', async () => {
    const { sceneHash } = await page.load({ 'scene.glb': unlitSquare([0.3, 0.8, 0.9]) });
    const frame = page.frame(sceneHash, { samples: 50 });
    await page.client.call('unload', { sceneHash });
    expect((await frame).bytes.length).toBeGreaterThan(0);
    await expect(page.frame(sceneHash)).rejects.toMatchObject({ code: 'render.failed' });
  });

  it('stay loaded until they are unloaded, however many there are', async () => {
    const hashes: string[] = [];
    for (let n = 0; n < 9; n += 1)
      hashes.push((await page.load({ 'scene.glb': unlitSquare([n / 10, 0, 0]) })).sceneHash);
    for (const sceneHash of hashes) {
      expect((await page.frame(sceneHash)).bytes.length).toBeGreaterThan(0);
      await page.client.call('unload', { sceneHash });
    }
  });

  it('say why they cannot be loaded', async () => {
    const scene = await page.mount({ 'scene.glb': 'no scene' });
    await expect(page.client.call('load', { scene })).rejects.toMatchObject({
      code: expect.stringMatching(/^scene\./),
    });
  });
});

describe('the rest', () => {
  it('draws its canary right, the same each time', async () => {
    const { result } = await page.client.call('canary', {});
    expect(result.correct).toBe(true);
    expect(result.renderer).toMatch(/\w/);
    expect(result.maxTextureSizePx).toBeGreaterThanOrEqual(4_096);
    expect(result.drawMs).toBeGreaterThan(0);
    expect((await page.client.call('canary', {})).result.pixelsSha256).toBe(result.pixelsSha256);
  });

  it('has Mesa keep what it has compiled for the next page of the browser', async () => {
    const { result } = await page.client.call('canary', {});
    // Others have ways of their own.
    if (!/Mesa/.test(result.renderer)) return;
    const [, profile = ''] = /--user-data-dir=(\S+)/.exec(commandLine(page.browserPid)) ?? [];
    expect((await readdir(join(profile, 'shaders', 'mesa_shader_cache'))).length).toBeGreaterThan(0);
  });

  it('runs the bare loop of the benchmark', async () => {
    const { sceneHash } = await page.load({ 'scene.glb': layeredScene() });
    const { result } = await page.client.call('bench', { sceneHash, settings: SETTINGS, firstFrame: 0, count: 3 });
    expect(result.frames).toBe(3);
    expect(result.totalMs).toBeGreaterThan(0);
  });

  it('says when the GPU process dies, and the next page draws again', async () => {
    const other = await page.another();
    await other.load({ 'scene.glb': unlitSquare([1, 1, 0]) });
    for (const { pid } of processTree(page.browserPid)) {
      if (commandLine(pid).includes('--type=gpu-process')) process.kill(pid, 'SIGKILL');
    }
    await expect(other.client.lost).resolves.toMatchObject({
      code: 'render.page_lost',
      message: expect.stringMatching(/context/),
    });
    const fresh = await page.another();
    const { sceneHash } = await fresh.load({ 'scene.glb': unlitSquare([1, 1, 0]) });
    expect((await fresh.frame(sceneHash)).bytes.length).toBeGreaterThan(0);
  });

  it('says when its GPU context is lost', async () => {
    const other = await page.another();
    await watchGpu(other);
    await other.load({ 'scene.glb': unlitSquare([1, 1, 0]) });
    await loseContext(other);
    await expect(other.client.lost).resolves.toMatchObject({
      code: 'render.page_lost',
      message: expect.stringMatching(/context/),
    });
  });
});

/** A textured square, a light with a shadow: what holds GPU memory. */
async function texturedLitScene(): Promise<Uint8Array> {
  const gltf = new GltfBuilder().uses('KHR_lights_punctual');
  const view = gltf.view(await png(16, 16, '#00ff00'));
  gltf.rest.images = [{ bufferView: view, mimeType: 'image/png' }];
  gltf.rest.textures = [{ source: 0 }];
  gltf.rest.extensions = { KHR_lights_punctual: { lights: [{ type: 'directional', intensity: 3 }] } };
  const material = gltf.material({ pbrMetallicRoughness: { baseColorTexture: { index: 0 } } });
  gltf.node({ mesh: gltf.square(material) });
  gltf.node({ mesh: gltf.square(material), translation: [0.3, 0, -0.5] });
  gltf.node({ extensions: { KHR_lights_punctual: { light: 0 } }, rotation: [-0.3, 0.2, 0, 0.93] });
  return gltf.build();
}
