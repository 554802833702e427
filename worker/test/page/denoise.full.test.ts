import type { RenderSettings } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ExrFile, readExrFile } from './exr-file.ts';
import { GltfBuilder } from './glb.ts';
import { ball, boxRoom } from './lit-scenes.ts';
import { colouredPng } from './png.ts';
import { TestPage } from './test-page.ts';

const EDGE = 32;
const TRACED: Partial<RenderSettings> = {
  engine: 'pathtrace',
  samples: 16,
  size: { widthPx: EDGE, heightPx: EDGE },
  environment: 'none',
  camera: { position: [0, 0, 3.4], target: [0, 0, 0], fovDeg: 36 },
  format: 'exr',
  bitDepth: 'float',
};

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

async function frame(files: Uint8Array, settings: Partial<RenderSettings> = {}) {
  const { sceneHash } = await page.load({ 'scene.glb': files });
  const { result, bytes } = await page.frame(sceneHash, { ...TRACED, ...settings });
  return { sha256: result.sha256, file: readExrFile(bytes) };
}

const lightOf = (file: ExrFile, layer = ''): number[] =>
  ['R', 'G', 'B'].flatMap((channel) =>
    Array.from({ length: EDGE ** 2 }, (_, i) => file.value(layer + channel, i % EDGE, Math.floor(i / EDGE))),
  );
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const error = (one: readonly number[], other: readonly number[]) =>
  Math.sqrt(mean(one.map((value, at) => (value - (other[at] ?? 0)) ** 2)));

describe('a denoised picture', () => {
  it('is nearer to the true one, as bright, and comes with the noisy one', async () => {
    const truth = lightOf((await frame(boxRoom(), { samples: 256 })).file);
    const { file } = await frame(boxRoom(), { denoise: true, passes: ['beauty', 'noisy'] });
    const [denoised, noisy] = [lightOf(file), lightOf(file, 'noisy.')];
    expect(noisy).toEqual(lightOf((await frame(boxRoom())).file));
    expect(error(denoised, truth)).toBeLessThan(error(noisy, truth) * 0.75);
    expect(mean(denoised) / mean(noisy)).toBeCloseTo(1, 1.5);
  });

  it('is the same each time', async () => {
    const settings = { denoise: true } as const;
    expect((await frame(boxRoom(), settings)).sha256).toBe((await frame(boxRoom(), settings)).sha256);
  });

  it('keeps what has no noise: textures that give light, edges and alpha', async () => {
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.textured(await colouredPng())) });
    const { file } = await frame(gltf.build(), {
      denoise: true,
      background: 'transparent',
      passes: ['beauty', 'noisy'],
    });
    expect(error(lightOf(file), lightOf(file, 'noisy.'))).toBeLessThan(0.01);
    for (const [x, y] of [
      [0, 0],
      [16, 16],
      [11, 11],
    ] as const)
      expect(file.value('A', x, y)).toBe(file.value('noisy.A', x, y));
  });

  it('is as exposed as any, also of one sample', async () => {
    const files = ball({ albedo: 0.7, sun: true });
    // What stands behind the scene is made for the exposure.
    const settings = { denoise: true, background: 'transparent' } as const;
    for (const samples of [1, 16]) {
      const plain = mean(lightOf((await frame(files, { ...settings, samples })).file));
      const bright = mean(lightOf((await frame(files, { ...settings, samples, exposureEv: 2 })).file));
      expect(bright / plain).toBeCloseTo(4, 3);
    }
  });
});
