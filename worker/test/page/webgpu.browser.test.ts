import type { RenderSettings, SampleRange } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hueAt } from './converted.ts';
import { dividedFrame } from './divided.ts';
import { GltfBuilder, layeredScene, movingSquare, unlitSquare } from './glb.ts';
import { rootMeanSquare } from './lit-scenes.ts';
import { imageLitCard } from './own-environments.ts';
import { decode, lightOf, type Pixels, redColumns } from './pixels.ts';
import { png } from './png.ts';
import { colors, GREEN, placeOf, RED, withTexture } from './scene-edits.ts';
import { SETTINGS, TestPage } from './test-page.ts';

const FRONT: RenderSettings['camera'] = { position: [0, 0, 3], target: [0, 0, 0], fovDeg: 30 };

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start({ webgpu: true });
});
afterAll(() => page.close());

async function drawn(files: Uint8Array, settings: Partial<RenderSettings> = {}, frameNumber = 0): Promise<Pixels> {
  const { sceneHash } = await page.load({ 'scene.glb': files });
  const { bytes } = await page.frame(sceneHash, { camera: FRONT, backend: 'webgpu', ...settings }, frameNumber);
  return decode(bytes);
}

/** A square that throws its shadow on a larger one, lower left; nothing of it is the same when it is turned over. */
function shadowScene(): Uint8Array {
  const gltf = new GltfBuilder();
  const white = gltf.matte(0.8);
  gltf.node({ mesh: gltf.square(white, 1.4) });
  gltf.node({ mesh: gltf.square(gltf.matte([0.8, 0.1, 0.1]), 0.4), translation: [0.3, 0.4, 0.4] });
  gltf.directionalLight({ intensity: 2, rotation: [-Math.sin(Math.PI / 12), 0, 0, Math.cos(Math.PI / 12)] });
  return gltf.build();
}

describe('rasterisation with WebGPU', () => {
  it.each([1, 17])('shows a colour as it is, and no light where nothing stands, with %i samples', async (samples) => {
    const grey = lightOf(128);
    const square = await drawn(unlitSquare([1, grey, 0]), { samples, background: 'transparent' });
    expect(square.middle).toEqual([255, 128, 0, 255]);
    expect(square.at(0, 0)).toEqual([0, 0, 0, 0]);
  });

  it('places textures by pointer, each material its own, and back', async () => {
    const files = await withTexture();
    const half = [0, 1].map((material) => ({ pointer: placeOf(material, 'scale'), value: [0.5, 1] }));
    const moved = (material: number) => ({ pointer: placeOf(material, 'offset'), value: [0.5, 0] });
    const draw = (material: number) => colors(page, files, { backend: 'webgpu', pointers: [...half, moved(material)] });
    expect(await draw(1)).toEqual([RED, GREEN]);
    expect(await draw(0)).toEqual([GREEN, RED]);
  });

  const pictures: [what: string, scene: () => Uint8Array, settings: Partial<RenderSettings>][] = [
    ['lit, with shadows', shadowScene, {}],
    ['layers that shine through', layeredScene, {}],
    // More than a block, through a lens.
    ['of 18 samples', shadowScene, { samples: 18, lens: { fStop: 0.1, focusDistanceM: 2 } }],
  ];
  it.each(pictures)('draws the picture that WebGL draws: %s', async (_, scene, more) => {
    const camera: RenderSettings['camera'] = { position: [0.8, 0.5, 3], target: [0, 0, 0], fovDeg: 30 };
    const settings = { camera, ...more };
    const expected = await drawn(scene(), { ...settings, backend: 'webgl' });
    const picture = await drawn(scene(), settings);
    expect(rootMeanSquare(picture, expected)).toBeLessThan(3);
    // Others are far from it.
    expect(rootMeanSquare(await drawn(scene(), { ...settings, camera: FRONT }), expected)).toBeGreaterThan(10);
  });

  it('is lit by the environment that the scene brings along', async () => {
    const dark = await png(8, 8, '#000000');
    const card = imageLitCard([dark, dark, dark, dark, await png(8, 8, '#ff0000'), dark]);
    expect(hueAt(await drawn(card, { environment: 'scene' }), 0.5, 0.5)).toBe('red');
  });

  it('draws what leaves the choice with what the worker has chosen, and says which', async () => {
    const { sceneHash } = await page.load({ 'scene.glb': shadowScene() });
    const asked = await page.frame(sceneHash, { backend: 'webgpu' });
    const settings = { ...SETTINGS, backend: 'auto' } as const;
    const chosen = await page.client.call('frame', { sceneHash, settings, backend: 'webgpu', frameNumber: 0 });
    const pixels = async ({ bytes }: { bytes: Buffer }) => (await decode(bytes)).data;
    expect(await pixels(chosen)).toEqual(await pixels(asked));
    expect(chosen.result.draw.backend).toBe('webgpu');
    const usual = await page.frame(sceneHash, { backend: 'auto' });
    expect(usual.result.draw.backend).toBe('webgl');
    expect(await pixels(usual)).not.toEqual(await pixels(asked));
  });

  it('draws the canary right, as often as it is asked for', async () => {
    const webgl = await page.client.call('canary', {});
    for (let times = 0; times < 2; times += 1) {
      const { result } = await page.client.call('canary', { engine: 'raster', backend: 'webgpu' });
      expect(result.correct).toBe(true);
      expect(result.pixelsSha256).not.toBe(webgl.result.pixelsSha256);
    }
  });

  it('draws the same bytes each time, whatever was drawn between', async () => {
    const { sceneHash } = await page.load({ 'scene.glb': shadowScene() });
    const frame = () => page.frame(sceneHash, { backend: 'webgpu', samples: 3 });
    const first = await frame();
    await page.frame(sceneHash, { backend: 'webgl' });
    await drawn(unlitSquare([1, 0, 0]));
    expect((await frame()).bytes.equals(first.bytes)).toBe(true);
  });

  it('makes the same file of a frame in blocks and ranges of samples, byte for byte', { tags: ['heavy'] }, async () => {
    const { sceneHash } = await page.load({ 'scene.glb': shadowScene() });
    const settings = {
      backend: 'webgpu',
      size: { widthPx: 37, heightPx: 26 },
      samples: 40,
      format: 'exr',
      bitDepth: 'float',
      lens: { fStop: 0.1, focusDistanceM: 2 },
    } as const;
    const whole = await page.frame(sceneHash, settings);
    const division = { tiles: { columns: 2, rows: 2 }, sampleRanges: 2 };
    const made = await dividedFrame(page, sceneHash, settings, { division });
    expect(made.bytes.equals(whole.bytes)).toBe(true);
    // [WK23] Something more urgent waits after each sample.
    const ends = new Set<number>();
    const interrupted = { division, wantedAfter: 0, onRange: ({ count }: SampleRange) => ends.add(count % 16) };
    expect((await dividedFrame(page, sceneHash, settings, interrupted)).bytes.equals(whole.bytes)).toBe(true);
    expect(ends.size).toBeGreaterThan(2);
    expect([made, whole].map(({ result }) => result.draw.backend)).toEqual(['webgpu', 'webgpu']);
  });

  it('stands at the frame’s time, and smears what moves while the shutter is open', async () => {
    const clip: Partial<RenderSettings> = {
      clip: 'Move',
      fps: 10,
      camera: { position: [0, 0, 8], target: [0, 0, 0], fovDeg: 30 },
    };
    const still = redColumns(await drawn(movingSquare(), clip, 5));
    const expected = redColumns(await drawn(movingSquare(), { ...clip, backend: 'webgl' }, 5));
    expect(still).toEqual(expected);
    const blurred = { ...clip, shutterAngleDeg: 360, samples: 8 };
    const shown = await drawn(movingSquare(), blurred, 4);
    expect(rootMeanSquare(shown, await drawn(movingSquare(), { ...blurred, backend: 'webgl' }, 4))).toBeLessThan(3);
    expect(rootMeanSquare(shown, await drawn(movingSquare(), clip, 4))).toBeGreaterThan(5);
  });

  it('draws what a job changes of a scene, for that job', async () => {
    const pointer = '/materials/0/pbrMetallicRoughness/baseColorFactor';
    const blue = await drawn(unlitSquare([1, 0, 0]), { pointers: [{ pointer, value: [0, 0, 1, 1] }] });
    expect(blue.middle).toEqual([0, 0, 255, 255]);
    expect((await drawn(unlitSquare([1, 0, 0]))).middle).toEqual([255, 0, 0, 255]);
  });

  it('ends by noise where WebGL does', async () => {
    const { sceneHash } = await page.load({ 'scene.glb': shadowScene() });
    const settings = { samples: 64, noiseThreshold: 0.2 };
    const { result } = await page.frame(sceneHash, { ...settings, backend: 'webgpu' });
    expect(result.draw.sampling).toMatchObject({ endedBy: 'noise' });
    const expected = await page.frame(sceneHash, { ...settings, backend: 'webgl' });
    expect(result.draw.sampling).toEqual({ ...expected.result.draw.sampling, noise: expect.any(Number) });
  });

  it('frees its twin with the scene, and reads it again when the scene is loaded again', async () => {
    const files = { 'scene.glb': unlitSquare([0, 1, 0]) };
    for (let times = 0; times < 2; times += 1) {
      const { sceneHash } = await page.load(files);
      const { bytes } = await page.frame(sceneHash, { camera: FRONT, backend: 'webgpu' });
      expect((await decode(bytes)).middle).toEqual([0, 255, 0, 255]);
      await page.client.call('unload', { sceneHash });
    }
  });
});
