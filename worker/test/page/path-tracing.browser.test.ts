import type { Pose, RenderSettings } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hueAt } from './converted.ts';
import { dividedFrame } from './divided.ts';
import { GltfBuilder, layeredScene, movingSquare, unlitSquare } from './glb.ts';
import { ball, boxRoom, greyCard, rootMeanSquare } from './lit-scenes.ts';
import { imageLitCard } from './own-environments.ts';
import { hdrFile } from './panorama-files.ts';
import { decode, lightOf, type Pixels, redColumns } from './pixels.ts';
import { colouredPng, png } from './png.ts';
import { TestPage } from './test-page.ts';

/** Without tone mapping and with little noise, small: a pixel of llvmpipe costs about 0.1 ms a sample. */
const TRACED: Partial<RenderSettings> = {
  engine: 'pathtrace',
  samples: 64,
  size: { widthPx: 32, heightPx: 32 },
  environment: 'none',
};
const FRONT: RenderSettings['camera'] = { position: [0, 0, 3], target: [0, 0, 0], fovDeg: 30 };

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

async function picture(files: Uint8Array, settings: Partial<RenderSettings> = {}, frameNumber = 0) {
  const { sceneHash } = await page.load({ 'scene.glb': files });
  const { result, bytes } = await page.frame(sceneHash, { camera: FRONT, ...TRACED, ...settings }, frameNumber);
  return { ...result, bytes, pixels: await decode(bytes) };
}

const liveOf = (sceneHash: string, frameNumber: number) => {
  const size = { widthPx: 32, heightPx: 32 };
  const look = { samples: 1, clip: null, fps: 24, toneMapping: 'none', exposureEv: 0, background: 'neutral' } as const;
  const pose = { position: [0, 0, 3], quaternion: [0, 0, 0, 1], fovDeg: 30 } as Pose;
  return {
    sceneHash,
    view: { ...look, size, frameNumber },
    size,
    pose,
    format: 'jpeg',
    quality: 80,
    samples: 1,
  } as const;
};

/** Mean linear light of a square of pixels around one, per channel. */
function meanLight({ at }: Pixels, x: number, y: number, reach = 2): [number, number, number] {
  const sums: [number, number, number] = [0, 0, 0];
  let count = 0;
  for (let dy = -reach; dy <= reach; dy += 1) {
    for (let dx = -reach; dx <= reach; dx += 1) {
      const pixel = at(x + dx, y + dy);
      for (const c of [0, 1, 2] as const) sums[c] += lightOf(pixel[c] ?? 0);
      count += 1;
    }
  }
  return [sums[0] / count, sums[1] / count, sums[2] / count];
}

describe('light that can be reckoned', () => {
  const ENGINES = ['pathtrace', 'raster'] as const;

  it.each(ENGINES)('a white furnace: a white diffuse ball in even white light disappears, of %s', async (engine) => {
    const { pixels } = await picture(ball({ albedo: 1 }), {
      engine,
      environment: 'white',
      background: 'environment',
      backgroundBlur: 0,
      exposureEv: -1,
      samples: 256,
      bounces: 12,
    });
    const [onBall] = meanLight(pixels, 16, 16, 5);
    const [beside] = meanLight(pixels, 2, 2, 1);
    expect(beside).toBeCloseTo(0.5, 2);
    expect(Math.abs(onBall / beside - 1)).toBeLessThan(0.01);
  });

  it.each([0.2, 0.5, 0.8])('a diffuse ball of albedo %f gives back that part of even light', async (albedo) => {
    const { pixels } = await picture(ball({ albedo }), { environment: 'white', samples: 256 });
    expect(meanLight(pixels, 16, 16, 5)[0]).toBeCloseTo(albedo, 1.7);
  });

  it('an unlit grey of half comes out as half', async () => {
    const { pixels } = await picture(unlitSquare([lightOf(128), lightOf(128), lightOf(128)]), { samples: 4 });
    expect(pixels.middle).toEqual([128, 128, 128, 255]);
  });

  it.each(ENGINES)('a point light falls off with the square of its distance, of %s', async (engine) => {
    // Candela that give a radiance of albedo × candela ÷ (π × distance²) on what faces the light.
    const card = (distance: number) => {
      const gltf = new GltfBuilder();
      gltf.node({ mesh: gltf.square(gltf.matte(0.8), 4) });
      gltf.pointLight({ intensity: 2, translation: [0, 0, distance] });
      return gltf.build();
    };
    const shine = async (distance: number) =>
      meanLight(
        (await picture(card(distance), { engine, bounces: 1, camera: { ...FRONT, fovDeg: 3 } })).pixels,
        16,
        16,
      )[0];
    const [near, far] = [await shine(1), await shine(2)];
    expect(near).toBeCloseTo((0.8 * 2) / Math.PI, 2);
    expect(near / far).toBeCloseTo(4, 1);
  });

  it('a small lamp of glowing surface lights a card by its area, radiance and distance, without noise', async () => {
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.matte(0.8), 4) });
    gltf.node({ mesh: gltf.square(gltf.glowing(100), 0.1), translation: [0, 0, 1] });
    // From the side, past the lamp.
    const camera: RenderSettings['camera'] = { position: [1, 0, 3], target: [0, 0, 0], fovDeg: 1 };
    const { pixels } = await picture(gltf.build(), { camera, bounces: 1, samples: 64 });
    // E = L A ÷ d², and a diffuse card gives back albedo × E ÷ π.
    const radiance = (0.8 * 100 * 0.01) / Math.PI;
    expect(meanLight(pixels, 16, 16)[0] / radiance).toBeCloseTo(1, 1.7);
    const levels = pixels.data.filter((_, i) => i % 4 === 0);
    expect(Math.max(...levels) - Math.min(...levels)).toBeLessThan(8);
  });

  it('a ball in a glowing globe gives back its albedo of that light, whichever way it is found', {
    tags: ['heavy'],
  }, async () => {
    for (const albedo of [0.5, 0.8]) {
      const gltf = new GltfBuilder();
      gltf.node({ mesh: gltf.sphere(gltf.matte(albedo), 0.5) });
      gltf.node({ mesh: gltf.sphere(gltf.glowing(1), 5) });
      const { pixels } = await picture(gltf.build(), { bounces: 4, samples: 128 });
      expect(meanLight(pixels, 16, 16, 4)[0] / albedo).toBeCloseTo(1, 1.7);
    }
  });

  it('walls colour what stands between them, only when light may bounce', async () => {
    const sides = async (bounces: number) => {
      const { pixels } = await picture(boxRoom(), {
        bounces,
        samples: 64,
        camera: { position: [0, 0, 3.4], target: [0, 0, 0], fovDeg: 36 },
      });
      // On the floor, beside the red wall at the left and the green one at the right.
      return { left: meanLight(pixels, 7, 27, 1), right: meanLight(pixels, 24, 27, 1) };
    };
    const direct = await sides(1);
    const bounced = await sides(6);
    expect(direct.left[0] / direct.left[1]).toBeCloseTo(1, 1);
    expect(bounced.left[0] / bounced.left[1]).toBeGreaterThan(1.15);
    expect(bounced.right[1] / bounced.right[0]).toBeGreaterThan(1.15);
    expect(bounced.left[0]).toBeGreaterThan(direct.left[0]);
  });

  it('a mirror shows what stands before it, behind the camera', async () => {
    const gltf = new GltfBuilder();
    const chrome = { baseColorFactor: [1, 1, 1, 1], metallicFactor: 1, roughnessFactor: 0 };
    gltf.node({ mesh: gltf.square(gltf.material({ pbrMetallicRoughness: chrome }), 2) });
    // Red at the left, green at the right, both behind the camera.
    gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0]), 4), translation: [-2, 0, 5] });
    gltf.node({ mesh: gltf.square(gltf.unlit([0, 1, 0]), 4), translation: [2, 0, 5] });
    const { pixels } = await picture(gltf.build(), { samples: 16 });
    expect(pixels.at(8, 16).slice(0, 3)).toEqual([255, 0, 0]);
    expect(pixels.at(23, 16).slice(0, 3)).toEqual([0, 255, 0]);
  });

  it.each([
    ['the sun', 'none'],
    ['the studio', 'studio'],
  ] as const)('a convex diffuse thing in the light of %s looks as raster draws it', async (what, environment) => {
    const files = ball({ albedo: 0.7, sun: what === 'the sun' });
    const settings = { environment, size: { widthPx: 48, heightPx: 48 } } as const;
    const traced = await picture(files, { ...settings, bounces: 1, samples: 256 });
    const raster = await picture(files, { ...settings, engine: 'raster', samples: 16 });
    expect(rootMeanSquare(traced.pixels, raster.pixels)).toBeLessThan(6);
  });
});

describe('what it takes of a scene', () => {
  it('textures, the same as raster shows', async () => {
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.textured(await colouredPng())) });
    const settings = { samples: 16 } as const;
    const traced = await picture(gltf.build(), settings);
    const raster = await picture(gltf.build(), { ...settings, engine: 'raster' });
    const corners = ({ at }: Pixels) => [at(11, 11), at(20, 11), at(11, 20), at(20, 20)];
    expect(corners(traced.pixels)).toEqual(corners(raster.pixels));
    expect(new Set(corners(traced.pixels).map(String)).size).toBe(4);
  });

  it('poses of a clip, whichever was drawn before', async () => {
    const wide: RenderSettings['camera'] = { position: [0, 0, 6], target: [0, 0, 0], fovDeg: 40 };
    const at = async (frame: number) => {
      const { pixels, sha256 } = await picture(movingSquare(), { camera: wide, fps: 10, samples: 4 }, frame);
      return { columns: redColumns(pixels), sha256 };
    };
    const [start, end] = [await at(0), await at(9)];
    expect(start.columns[0] ?? 0).toBeLessThan(end.columns[0] ?? 0);
    expect(await at(0)).toEqual(start);
  });

  it('transparent backgrounds, with straight alpha', async () => {
    const { pixels } = await picture(unlitSquare([1, 0.5, 0]), { background: 'transparent', samples: 4 });
    expect(pixels.at(0, 0)).toEqual([0, 0, 0, 0]);
    expect(pixels.middle).toEqual([255, 188, 0, 255]);
  });

  it('an uploaded environment of even white, as the built-in one', async () => {
    const environment = await page.lend(hdrFile({ light: () => [1, 1, 1] }));
    const look = { samples: 8, bounces: 1, background: 'environment' } as const;
    const own = (await picture(ball({ albedo: 0.5 }), { ...look, environment })).pixels;
    const builtIn = (await picture(ball({ albedo: 0.5 }), { ...look, environment: 'white' })).pixels;
    expect(rootMeanSquare(own, builtIn)).toBeLessThan(2);
    expect(own.at(0, 0)).toEqual([255, 255, 255, 255]);
    expect(lightOf(own.middle[0] ?? 0)).toBeCloseTo(0.5, 1);
  });

  it('the environment that the scene brings along', async () => {
    const dark = await png(8, 8, '#000000');
    const card = imageLitCard([dark, dark, dark, dark, await png(8, 8, '#ff0000'), dark]);
    const { pixels } = await picture(card, { environment: 'scene', bounces: 1, samples: 8 });
    expect(hueAt(pixels, 0.5, 0.5)).toBe('red');
  });

  it('a small lamp in a large environment, which is looked for where it is', async () => {
    // The uppermost 8 of 512 rows: E = π L sin²θ, of which a diffuse card gives back albedo ÷ π.
    const light = (_: number, y: number) => (y < 8 ? ([400, 400, 400] as const) : ([0, 0, 0] as const));
    const environment = await page.lend(hdrFile({ width: 1_024, height: 512, light }));
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.matte(0.8), 4), rotation: [-Math.SQRT1_2, 0, 0, Math.SQRT1_2] });
    const camera: RenderSettings['camera'] = { position: [0, 2, 2], target: [0, 0, 0], fovDeg: 5 };
    const { pixels } = await picture(gltf.build(), { camera, environment, bounces: 1, samples: 32 });
    expect(meanLight(pixels, 16, 16, 8)[0] / (0.8 * 400 * Math.sin((8 / 512) * Math.PI) ** 2)).toBeCloseTo(1, 1);
  });

  it('the sun, as raster shows it: the same light, and gone with the next picture', async () => {
    const camera: RenderSettings['camera'] = { position: [0, 0, 3], target: [0, 0, 0], fovDeg: 5 };
    const look = { camera, samples: 16, bounces: 1, exposureEv: -1 } as const;
    const sun = { elevationDeg: 30, azimuthDeg: 200, turbidity: 3 };
    const traced = (await picture(greyCard(), { ...look, sun })).pixels.middle;
    const raster = (await picture(greyCard(), { ...look, sun, engine: 'raster' })).pixels.middle;
    for (const [c, level] of traced.entries()) expect(Math.abs(level - (raster[c] ?? 0))).toBeLessThan(6);
    expect(traced[0]).toBeGreaterThan(100);
    const dark = (await picture(greyCard(), { ...look, environment: 'none' })).pixels.middle;
    expect(dark).toEqual([0, 0, 0, 255]);
  });

  it('a colour as the background, exactly', async () => {
    const look = { toneMapping: 'neutral', exposureEv: 1, background: '#3fa907' } as const;
    const { pixels } = await picture(unlitSquare([1, 1, 1]), { ...look, samples: 2 });
    expect(pixels.at(0, 0)).toEqual([0x3f, 0xa9, 0x07, 255]);
  });

  it('orthographic cameras', async () => {
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0])) });
    gltf.rest.cameras = [{ type: 'orthographic', orthographic: { xmag: 1, ymag: 1, znear: 0.1, zfar: 10 } }];
    gltf.node({ name: 'Flat', camera: 0, translation: [0, 0, 5] });
    const { pixels } = await picture(gltf.build(), { camera: 'Flat', samples: 4 });
    // Half of the picture's width, whatever the distance.
    const columns = redColumns(pixels);
    expect(columns.length).toBeGreaterThanOrEqual(15);
    expect(columns.length).toBeLessThanOrEqual(17);
  });

  it('refuses points and lines by name, and the import says so', async () => {
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.points() });
    gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0])) });
    const files = gltf.build();
    await expect(picture(files)).rejects.toMatchObject({
      code: 'job.unsupported',
      message: expect.stringContaining('points'),
    });
    const { result } = await page.import({ 'scene.glb': files });
    expect(result).toMatchObject({ outcome: 'ready', report: { gaps: [{ engine: 'pathtrace', what: 'points' }] } });
    expect((await picture(files, { engine: 'raster' })).pixels.middle).toEqual([255, 0, 0, 255]);
  });

  it('says at import what it draws the scene without, and draws it', async () => {
    const gltf = new GltfBuilder().uses('KHR_materials_anisotropy');
    const extensions = { KHR_materials_anisotropy: { anisotropyStrength: 1 } };
    gltf.node({ mesh: gltf.square(gltf.material({ extensions })) });
    const { result } = await page.import({ 'scene.glb': gltf.build() });
    const gaps = [{ engine: 'pathtrace', backend: 'webgl', what: 'anisotropy', isDrawnWithout: true }];
    expect(result).toMatchObject({ outcome: 'ready', report: { gaps } });
    await picture(gltf.build());
  });

  it('says of points in which clips they are seen, where one of them hides them', async () => {
    const gltf = new GltfBuilder().uses('KHR_node_visibility', 'KHR_animation_pointer');
    gltf.node({ mesh: gltf.points(), extensions: { KHR_node_visibility: { visible: false } } });
    gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0])) });
    const input = gltf.accessor(Float32Array.of(0, 1), 'SCALAR');
    const blinking = (name: string, ...shown: [number, number]) => {
      const extension = { pointer: '/nodes/0/extensions/KHR_node_visibility/visible' };
      const target = { path: 'pointer', extensions: { KHR_animation_pointer: extension } };
      const output = gltf.accessor(Float32Array.from(shown), 'SCALAR');
      const samplers = [{ input, output, interpolation: 'STEP' }];
      return { name, channels: [{ sampler: 0, target }], samplers };
    };
    gltf.rest.animations = [blinking('Hidden', 0, 0), blinking('Appear', 0, 1)];
    const { result } = await page.import({ 'scene.glb': gltf.build() });
    const gaps = [{ engine: 'pathtrace', what: 'points', clips: ['Appear'] }];
    expect(result).toMatchObject({ outcome: 'ready', report: { gaps } });
  });
});

describe('the page', () => {
  it('draws live pictures while a scene is made ready in a worker, and the picture is the same', async () => {
    const { sceneHash } = await page.load({ 'scene.glb': movingSquare() });
    const settings = { camera: FRONT, ...TRACED, samples: 2 };
    const alone = (await page.frame(sceneHash, settings, 1)).result.sha256;
    await page.frame(sceneHash, settings, 5);
    // What the worker is to bake is held back.
    await page.open.page.evaluate(() => {
      const post = MessagePort.prototype.postMessage;
      const held: (() => void)[] = [];
      Object.assign(globalThis, { held, post });
      Reflect.set(MessagePort.prototype, 'postMessage', function (this: MessagePort, ...args: [{ kind?: string }]) {
        if (args[0]?.kind === 'bake') held.push(() => post.apply(this, args));
        else post.apply(this, args);
      });
    });
    const frame = page.frame(sceneHash, settings, 1);
    await page.open.page.waitForFunction(() => Reflect.get(globalThis, 'held').length === 1, { polling: 50 });
    const [live] = await Promise.all(
      [5, 6].map((frameNumber) => page.client.call('live', liveOf(sceneHash, frameNumber))),
    );
    expect(live?.bytes.length).toBeGreaterThan(0);
    await page.open.page.evaluate(() => {
      Reflect.set(MessagePort.prototype, 'postMessage', Reflect.get(globalThis, 'post'));
      for (const go of Reflect.get(globalThis, 'held')) go();
    });
    expect((await frame).result.sha256).toBe(alone);
  });

  it('compiles nothing for another scene, camera, light, environment, look, size, frame or number of bounces', async () => {
    await page.open.page.evaluate(() => {
      const { linkProgram } = WebGL2RenderingContext.prototype;
      Object.assign(globalThis, { linked: 0 });
      WebGL2RenderingContext.prototype.linkProgram = function (program) {
        Object.assign(globalThis, { linked: Reflect.get(globalThis, 'linked') + 1 });
        linkProgram.call(this, program);
      };
    });
    const programs = (): Promise<number> => page.open.page.evaluate(() => Reflect.get(globalThis, 'linked'));
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.textured(await colouredPng())) });
    gltf.pointLight({ intensity: 2, translation: [0, 0, 2] });
    const { sceneHash } = await page.load({ 'scene.glb': gltf.build() });
    const few = { camera: FRONT, ...TRACED, samples: 2 };
    const moving = (await page.load({ 'scene.glb': movingSquare() })).sceneHash;
    for (const scene of [sceneHash, moving]) await page.frame(scene, few);
    const environment = await page.lend(hdrFile({ light: () => [1, 2, 1] }));
    const sun = { elevationDeg: 30, azimuthDeg: 200, turbidity: 3 };
    // Each is filtered for raster, once.
    for (const light of [{ environment }, { environment: 'studio', sun }] as const)
      await page.frame(sceneHash, { ...few, ...light, engine: 'raster' });
    const before = await programs();
    expect(before).toBeGreaterThan(0);
    for (const change of [
      { camera: 'auto', samples: 3, bounces: 3, filterGlossy: 0.5, clampIndirect: 2, exposureEv: 1 },
      { environment: 'studio', size: { widthPx: 20, heightPx: 12 }, environmentRotationDeg: 40, samples: 1 },
      { lens: { fStop: 2, focusDistanceM: 3 }, environment },
      { sun, environment: 'studio', shutterAngleDeg: 180 },
    ] as Partial<RenderSettings>[]) {
      for (const scene of [sceneHash, moving]) await page.frame(scene, { ...few, ...change }, 4);
    }
    expect(await programs()).toBe(before);
  });
});

describe('samples', () => {
  it('of a scene do not depend on the one that was drawn before', async () => {
    const squares = (count: number) => {
      const gltf = new GltfBuilder();
      const mesh = gltf.square(gltf.matte(0.8), 0.4);
      for (let i = 0; i < count; i += 1) gltf.node({ mesh, translation: [(i - (count - 1) / 2) * 0.5, 0, 0] });
      return gltf.build();
    };
    // Six corners, and six triangles.
    await picture(squares(1), { samples: 1 });
    const { pixels } = await picture(squares(3), { samples: 4, environment: 'white' });
    for (const x of [8, 16, 24]) expect(pixels.at(x, 16)[0]).toBeGreaterThan(200);
  });

  it('are the same whatever is drawn in between, in another page and after the scene was loaded again', {
    tags: ['heavy'],
  }, async () => {
    const files = { 'scene.glb': layeredScene() };
    const settings = { ...TRACED, environment: 'studio', samples: 20, size: { widthPx: 64, heightPx: 64 } } as const;
    const { sceneHash } = await page.load(files);
    const alone = (await page.frame(sceneHash, settings)).result.sha256;
    const frame = page.frame(sceneHash, settings);
    const view = {
      samples: 1,
      clip: null,
      fps: 24,
      toneMapping: 'none',
      exposureEv: 0,
      background: 'neutral',
    } as const;
    // In one go, of more sizes than the page keeps targets for.
    const pictures = [64, 48, 32, 40, 56].map((edge) => {
      const size = { widthPx: edge, heightPx: edge };
      return page.client.call('live', {
        sceneHash,
        view: { ...view, size, frameNumber: 0, environment: 'park' },
        size,
        pose: { position: [0, 0, 3], quaternion: [0, 0, 0, 1], fovDeg: 30 },
        format: 'jpeg',
        quality: 80,
        samples: 1,
      });
    });
    await Promise.all(pictures);
    expect((await frame).result.sha256).toBe(alone);
    const other = await page.another();
    await other.load(files);
    expect((await other.frame(sceneHash, settings)).result.sha256).toBe(alone);
    await page.client.call('unload', { sceneHash });
    await page.load(files);
    expect((await page.frame(sceneHash, settings)).result.sha256).toBe(alone);
  });

  it('are divided into blocks of pixels and ranges of samples without changing a byte', async () => {
    // In floats, which show the last bit of a sum.
    const floats = { format: 'exr', bitDepth: 'float' } as const;
    const settings = { camera: FRONT, ...TRACED, ...floats, samples: 104, size: { widthPx: 17, heightPx: 13 } };
    const { sceneHash } = await page.load({ 'room.glb': boxRoom() });
    const { result } = await page.frame(sceneHash, settings);
    // Seven blocks of samples, the last not full: two, two and three, which add as they do in the whole.
    const division = { tiles: { columns: 2, rows: 2 }, sampleRanges: 3 };
    const made = await dividedFrame(page, sceneHash, settings, { division });
    expect(made.result.sha256).toBe(result.sha256);
  });

  it('bring the picture nearer to the true one', { tags: ['heavy'] }, async () => {
    const draw = async (samples: number) =>
      (await picture(ball({ albedo: 0.7 }), { environment: 'studio', samples })).pixels;
    const truth = await draw(512);
    const [four, sixteen, sixtyFour] = [await draw(4), await draw(16), await draw(64)];
    const error = (pixels: Pixels) => rootMeanSquare(pixels, truth);
    expect(error(sixteen)).toBeLessThan(error(four) * 0.7);
    expect(error(sixtyFour)).toBeLessThan(error(sixteen) * 0.7);
  });
});
