import type { RenderSettings } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GltfBuilder, unlitSquare } from './glb.ts';
import { ball, boxRoom, rootMeanSquare } from './lit-scenes.ts';
import { decode, lightOf, type Pixels, redColumns } from './pixels.ts';
import { colouredPng } from './png.ts';
import { TestPage } from './test-page.ts';

const TRACED: Partial<RenderSettings> = {
  engine: 'pathtrace',
  backend: 'webgpu',
  samples: 64,
  size: { widthPx: 32, heightPx: 32 },
  environment: 'none',
};
const FRONT: RenderSettings['camera'] = { position: [0, 0, 3], target: [0, 0, 0], fovDeg: 30 };
/** In software it takes a quarter of a minute to compile the tracer, and longer beside others. */
const COMPILING_MS = 300_000;

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start({ webgpu: true });
  await picture(ball({ albedo: 1 }), { samples: 1 });
}, COMPILING_MS);
afterAll(() => page.close());

async function picture(files: Uint8Array, settings: Partial<RenderSettings> = {}): Promise<Pixels> {
  const { sceneHash } = await page.load({ 'scene.glb': files });
  const { bytes } = await page.frame(sceneHash, { camera: FRONT, ...TRACED, ...settings });
  return decode(bytes);
}

/** Mean linear light, of green, of a square of pixels around the middle. */
function middleLight({ at }: Pixels, reach = 3): number {
  let sum = 0;
  for (let y = 16 - reach; y <= 16 + reach; y += 1) {
    for (let x = 16 - reach; x <= 16 + reach; x += 1) sum += lightOf(at(x, y)[1] ?? 0);
  }
  return sum / (2 * reach + 1) ** 2;
}

/** A card of albedo 0.8 under a lamp of 2 candela, this many metres before it. */
function litCard(distance: number): Uint8Array {
  const gltf = new GltfBuilder();
  gltf.node({ mesh: gltf.square(gltf.matte(0.8), 4) });
  gltf.pointLight({ intensity: 2, translation: [0, 0, distance] });
  return gltf.build();
}

/** A brushed plate of metal, or a ball of glass. @param strength 0: without what it is named after. */
function surface(feature: 'anisotropy' | 'dispersion', strength = feature === 'anisotropy' ? 1 : 5): Uint8Array {
  const gltf = new GltfBuilder();
  if (feature === 'anisotropy') {
    const extensions = { KHR_materials_anisotropy: { anisotropyStrength: strength } };
    const pbrMetallicRoughness = { metallicFactor: 1, roughnessFactor: 0.3 };
    const plate = gltf.uses('KHR_materials_anisotropy').material({ pbrMetallicRoughness, extensions });
    gltf.node({ mesh: gltf.square(plate, 2) });
    return gltf.build();
  }
  const extensions = {
    KHR_materials_transmission: { transmissionFactor: 1 },
    KHR_materials_volume: { thicknessFactor: 1 },
    KHR_materials_dispersion: { dispersion: strength },
  };
  const glass = gltf
    .uses(...Object.keys(extensions))
    .material({ pbrMetallicRoughness: { roughnessFactor: 0 }, extensions });
  gltf.node({ mesh: gltf.sphere(glass, 0.7) });
  return gltf.build();
}

describe('path tracing with WebGPU: light that can be reckoned', () => {
  it.each([1, 3, 6])('the light of a room after %i bounces is what WebGL finds', async (bounces) => {
    const camera: RenderSettings['camera'] = { position: [0, 0, 3.4], target: [0, 0, 0], fovDeg: 30 };
    const look = { bounces, camera, samples: 128, exposureEv: -1 };
    const mean = (pixels: Pixels) => middleLight(pixels, 10);
    const [light, expected] = [await picture(boxRoom(), look), await picture(boxRoom(), { ...look, backend: 'webgl' })];
    expect(mean(light) / mean(expected)).toBeCloseTo(1, 1.7);
    // Of what noise both have.
    expect(rootMeanSquare(light, expected)).toBeLessThan(10);
  });

  it('a white furnace: a white diffuse ball in even white light disappears, however often light is scattered', async () => {
    const furnace = { environment: 'white', background: 'environment', backgroundBlur: 0, exposureEv: -1 } as const;
    const pixels = await picture(ball({ albedo: 1 }), { ...furnace, bounces: 12 });
    const beside = lightOf(pixels.at(1, 1)[0] ?? 0);
    expect(beside).toBeCloseTo(0.5, 2);
    expect(Math.abs(middleLight(pixels, 5) / beside - 1)).toBeLessThan(0.01);
  });

  it.each([0.2, 0.8])('a diffuse ball of albedo %f gives back that part of even light', async (albedo) => {
    const pixels = await picture(ball({ albedo }), { environment: 'white', samples: 128 });
    expect(middleLight(pixels)).toBeCloseTo(albedo, 1.7);
  });

  it('a point light falls off with the square of its distance', async () => {
    const camera = { ...FRONT, fovDeg: 1 };
    for (const distance of [1, 2]) {
      const light = middleLight(await picture(litCard(distance), { camera, bounces: 1 }));
      expect(light * distance ** 2).toBeCloseTo((0.8 * 2) / Math.PI, 2);
    }
  });

  it('a small lamp of glowing surface lights a card by its area, radiance and distance, without noise', async () => {
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.matte(0.8), 4) });
    gltf.node({ mesh: gltf.square(gltf.glowing(100), 0.1), translation: [0, 0, 1] });
    const camera: RenderSettings['camera'] = { position: [1, 0, 3], target: [0, 0, 0], fovDeg: 1 };
    const pixels = await picture(gltf.build(), { camera, bounces: 1 });
    expect(middleLight(pixels) / ((0.8 * 100 * 0.01) / Math.PI)).toBeCloseTo(1, 1.7);
    const levels = pixels.data.filter((_, i) => i % 4 === 0);
    expect(Math.max(...levels) - Math.min(...levels)).toBeLessThan(8);
  });

  it('a ball in a glowing globe gives back its albedo of that light, whichever way it is found', async () => {
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.sphere(gltf.matte(0.8), 0.5) });
    gltf.node({ mesh: gltf.sphere(gltf.glowing(1), 5) });
    expect(middleLight(await picture(gltf.build(), { bounces: 4 })) / 0.8).toBeCloseTo(1, 1.7);
  });

  it('a mirror shows what stands before it, behind the camera', async () => {
    const gltf = new GltfBuilder();
    const chrome = { baseColorFactor: [1, 1, 1, 1], metallicFactor: 1, roughnessFactor: 0 };
    gltf.node({ mesh: gltf.square(gltf.material({ pbrMetallicRoughness: chrome }), 2) });
    gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0]), 4), translation: [-2, 0, 5] });
    gltf.node({ mesh: gltf.square(gltf.unlit([0, 1, 0]), 4), translation: [2, 0, 5] });
    const pixels = await picture(gltf.build(), { samples: 16 });
    expect(pixels.at(8, 16).slice(0, 3)).toEqual([255, 0, 0]);
    expect(pixels.at(23, 16).slice(0, 3)).toEqual([0, 255, 0]);
  });
});

describe('path tracing with WebGPU: what it takes of a scene', () => {
  it('textures, the same as raster shows', async () => {
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.textured(await colouredPng())) });
    const traced = await picture(gltf.build(), { samples: 16 });
    const raster = await picture(gltf.build(), { samples: 16, engine: 'raster' });
    const corners = ({ at }: Pixels) => [at(11, 11), at(20, 11), at(11, 20), at(20, 20)];
    expect(corners(traced)).toEqual(corners(raster));
    expect(new Set(corners(traced).map(String)).size).toBe(4);
  });

  it.each(['webgl', 'webgpu'] as const)(
    'the canary, with %s',
    async (backend) => {
      const { result } = await page.client.call('canary', { engine: 'pathtrace', backend });
      expect(result.correct).toBe(true);
    },
    COMPILING_MS,
  );

  it.each(['anisotropy', 'dispersion'] as const)('%s, which WebGL draws scenes without', async (feature) => {
    const [own, other] = [surface(feature), surface(feature, 0)];
    const look = { environment: 'studio', background: 'environment', backgroundBlur: 0, samples: 32 } as const;
    const apart = async (backend: 'webgl' | 'webgpu') =>
      rootMeanSquare(await picture(own, { ...look, backend }), await picture(other, { ...look, backend }));
    expect(await apart('webgpu')).toBeGreaterThan(4);
    expect(await apart('webgl')).toBe(0);
  });

  it('textures that end at their edge, which WebGL repeats', async () => {
    const gltf = new GltfBuilder().uses('KHR_texture_transform');
    const material = gltf.textured(await colouredPng());
    gltf.rest.samplers = [{ magFilter: 9728, minFilter: 9728, wrapS: 33071, wrapT: 33071 }];
    const texture = { index: 0, extensions: { KHR_texture_transform: { offset: [1.2, 1.2] } } };
    Object.assign(gltf.materials[material] ?? {}, { pbrMetallicRoughness: { baseColorTexture: texture } });
    gltf.node({ mesh: gltf.square(material) });
    const draw = async (more: Partial<RenderSettings>) => {
      const { at } = await picture(gltf.build(), { samples: 16, ...more });
      return [at(11, 11), at(20, 11), at(11, 20), at(20, 20)];
    };
    const raster = await draw({ engine: 'raster' });
    expect(new Set(raster.map(String)).size).toBe(1);
    expect(await draw({})).toEqual(raster);
    expect(await draw({ backend: 'webgl' })).not.toEqual(raster);
  });

  it('orthographic cameras', async () => {
    const camera: RenderSettings['camera'] = { position: [0, 0, 5], target: [0, 0, 0], heightM: 2 };
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0])) });
    expect(redColumns(await picture(gltf.build(), { camera, samples: 4 })).length).toBeCloseTo(16, -0.6);
  });

  it('a lens out of focus as WebGL does', async () => {
    const look = { lens: { fStop: 0.3, focusDistanceM: 1.5 } } as const;
    const card = unlitSquare([1, 1, 1]);
    const blurred = await picture(card, look);
    const expected = await picture(card, { ...look, backend: 'webgl' });
    const sharp = await picture(card, { lens: null });
    expect(rootMeanSquare(blurred, expected)).toBeLessThan(rootMeanSquare(blurred, sharp) / 2);
  });
});
