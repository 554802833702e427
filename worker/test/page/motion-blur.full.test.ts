/** How far what moves is smeared, against its speed and the time that the shutter is open. */
import type { RenderSettings } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changePrimitive, GltfBuilder, movingSquare } from './glb.ts';
import { decode, type Pixels, samePixels } from './pixels.ts';
import { TestPage } from './test-page.ts';

const PX_PER_M = 32;
/** Of `movingSquare`. */
const SPEED_M_PER_SEC = 2;
const FPS = 2;
const SETTINGS: Partial<RenderSettings> = {
  camera: { position: [0, 0, 3], target: [0, 0, 0], heightM: 0.25 },
  size: { widthPx: 4 * PX_PER_M, heightPx: 0.25 * PX_PER_M },
  background: 'transparent',
  fps: FPS,
  samples: 128,
};

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

async function draw(files: Uint8Array, settings: Partial<RenderSettings>, frameNumber = 0) {
  const { sceneHash } = await page.load({ 'scene.glb': files });
  return (await page.frame(sceneHash, { ...SETTINGS, ...settings }, frameNumber)).bytes;
}

/** Mean column and variance in px² of where alpha rises, from the left to the square's middle: its left edge. */
function edge({ at }: Pixels, end: number) {
  const alpha = (x: number) => (at(x, 4)[3] ?? 0) / 255;
  let [sum, mean, square] = [0, 0, 0];
  for (let x = 1; x < end; x += 1) {
    const rise = alpha(x) - alpha(x - 1);
    sum += rise;
    mean += rise * x;
    square += rise * x * x;
  }
  expect(sum).toBe(1);
  return { mean, variance: square - mean * mean };
}

describe.each(['raster', 'pathtrace'] as const)('motion blur of %s', (engine) => {
  it.each([90, 180])('is as wide as speed times shutter, at %i°', async (shutterAngleDeg) => {
    const edgeOf = async (settings: Partial<RenderSettings>) =>
      edge(await decode(await draw(movingSquare(), { engine, ...settings })), 1.25 * PX_PER_M);
    const sharp = await edgeOf({});
    const blurred = await edgeOf({ shutterAngleDeg });
    const expectedPx = (SPEED_M_PER_SEC * PX_PER_M * shutterAngleDeg) / 360 / FPS;
    // Evenly smeared over a width w the variance is w² ÷ 12, around the middle of the way.
    expect(Math.sqrt(12 * (blurred.variance - sharp.variance)) / expectedPx).toBeCloseTo(1, 1.3);
    expect(Math.abs(blurred.mean - sharp.mean - expectedPx / 2)).toBeLessThan(0.3);
  });

  it('smears what stands still when the camera turns, and only then', async () => {
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.unlit([1, 1, 1]), 0.5), translation: [-1, 0, 0] });
    gltf.node({ mesh: gltf.square(gltf.unlit([1, 1, 1]), 0.5), translation: [1, 0, 0.5] });
    const scene = gltf.build();
    const settings = { engine, samples: 16 } as const;
    const blurred = { ...settings, shutterAngleDeg: 180 };
    expect(await samePixels(await draw(scene, blurred), await draw(scene, settings))).toBe(true);
    const turntable = { frames: 10 };
    const still = await draw(scene, { ...settings, turntable });
    expect(await samePixels(await draw(scene, { ...blurred, turntable }), still)).toBe(false);
    const key = (frame: number, x: number) => ({ frame, position: [x, 0, 3], target: [x, 0, 0], heightM: 0.25 });
    const camera = { path: [key(0, 0), key(1, 0.5)] } as RenderSettings['camera'];
    expect(await samePixels(await draw(scene, { ...blurred, camera }), await draw(scene, settings))).toBe(false);
    expect(await samePixels(await draw(scene, { ...settings, camera }), await draw(scene, settings))).toBe(true);
  });

  it('leaves a picture of one sample as it was', async () => {
    const one = { engine, samples: 1 } as const;
    const plain = await draw(movingSquare(), one);
    expect(await samePixels(await draw(movingSquare(), { ...one, shutterAngleDeg: 360 }), plain)).toBe(true);
  });

  it('goes on over the end of a clip as its loop does', async () => {
    // From x = 0 at 0.5 s; the clip is over at 0.75 s, when half of the shutter's time is.
    const settings = { engine, shutterAngleDeg: 360, clipEndSec: 0.75 };
    const alphas = async (clipLoop: RenderSettings['clipLoop']) => {
      const { at } = await decode(await draw(movingSquare(), { ...settings, clipLoop }, 1));
      // In quarters of the shutter's time.
      return [-1.25, -0.25, 0.75].map((x) => Math.round(((at((x + 2) * PX_PER_M, 4)[3] ?? 0) / 255) * 4));
    };
    // Seen from left to right: where it begins again, where it was at 0.5 s, where it is over.
    expect(await alphas('repeat')).toEqual([1, 2, 1]);
    expect(await alphas('once')).toEqual([0, 1, 3]);
    expect(await alphas('pingpong')).toEqual([0, 2, 2]);
  });

  it('is the same whatever is drawn before and in between', async () => {
    const { sceneHash } = await page.load({ 'scene.glb': movingSquare() });
    const frame = async (frameNumber: number) => {
      const settings = { ...SETTINGS, engine, samples: 40, shutterAngleDeg: 180 };
      return (await page.frame(sceneHash, settings, frameNumber)).result.sha256;
    };
    const alone = await frame(0);
    await frame(1);
    const again = frame(0);
    const size = { widthPx: 64, heightPx: 64 };
    const look = {
      samples: 1,
      clip: null,
      fps: 24,
      toneMapping: 'none',
      exposureEv: 0,
      background: 'neutral',
    } as const;
    await page.client.call('live', {
      sceneHash,
      view: { ...look, size, frameNumber: 11 },
      size,
      pose: { position: [0, 0, 3], quaternion: [0, 0, 0, 1], fovDeg: 30 },
      format: 'jpeg',
      quality: 80,
      samples: 1,
    });
    expect(await again).toBe(alone);
  });
});

it.each(['skin', 'morph target'] as const)('smears what a %s moves', async (kind) => {
  const gltf = new GltfBuilder();
  const mesh = gltf.square(gltf.unlit([1, 1, 1]));
  const input = gltf.accessor(Float32Array.of(0, 1), 'SCALAR');
  const clip = (node: number, path: string, output: number) => ({
    samplers: [{ input, output, interpolation: 'LINEAR' }],
    channels: [{ sampler: 0, target: { node, path } }],
  });
  if (kind === 'skin') {
    const joint = gltf.node({ name: 'Joint' });
    gltf.node({ mesh, skin: 0 });
    const JOINTS_0 = gltf.accessor(new Uint16Array(16), 'VEC4');
    const weights = Float32Array.from({ length: 16 }, (_, i) => (i % 4 === 0 ? 1 : 0));
    const WEIGHTS_0 = gltf.accessor(weights, 'VEC4');
    changePrimitive(gltf, mesh, ({ attributes }) => ({ attributes: { ...attributes, JOINTS_0, WEIGHTS_0 } }));
    gltf.rest.skins = [{ joints: [joint] }];
    const path = gltf.accessor(Float32Array.of(-1, 0, 0, 1, 0, 0), 'VEC3');
    gltf.rest.animations = [clip(joint, 'translation', path)];
  } else {
    const shift = Float32Array.from({ length: 12 }, (_, i) => (i % 3 === 0 ? 2 : 0));
    const POSITION = gltf.accessor(shift, 'VEC3');
    changePrimitive(gltf, mesh, () => ({ targets: [{ POSITION }] }));
    const node = gltf.node({ mesh, translation: [-1, 0, 0] });
    gltf.rest.animations = [clip(node, 'weights', gltf.accessor(Float32Array.of(0, 1), 'SCALAR'))];
  }
  const smeared = await decode(await draw(gltf.build(), { shutterAngleDeg: 180 }));
  const moved = await decode(await draw(movingSquare(), { shutterAngleDeg: 180 }));
  expect(edge(smeared, 1.25 * PX_PER_M).variance).toBeCloseTo(edge(moved, 1.25 * PX_PER_M).variance, 1);
});
