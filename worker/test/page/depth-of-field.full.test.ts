/** How far an edge is out of focus, against the formula of the thin lens. */
import type { RenderSettings } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GltfBuilder } from './glb.ts';
import { decode, type Pixels, samePixels } from './pixels.ts';
import { TestPage } from './test-page.ts';

const DISTANCE_M = 4;
const SIZE = { widthPx: 64, heightPx: 8 };
/** Pixels that are 1 m high at a distance of 1 m. */
const SCALE = (SIZE.heightPx * 50) / 3;
const CAMERA: RenderSettings['camera'] = {
  position: [0, 0, DISTANCE_M],
  target: [0, 0, 0],
  focalLengthMm: 50,
  sensorHeightMm: 3,
};
/** Its aperture is half a metre wide. */
const F_STOP = 0.1;
const APERTURE_M = 0.5;

let page: TestPage;
let sceneHash: string;
beforeAll(async () => {
  page = await TestPage.start();
  const gltf = new GltfBuilder();
  // Its left edge is in the middle of the picture.
  gltf.node({ mesh: gltf.square(gltf.unlit([1, 1, 1]), 8), translation: [4, 0, 0] });
  ({ sceneHash } = await page.load({ 'scene.glb': gltf.build() }));
});
afterAll(() => page.close());

const draw = async (settings: Partial<RenderSettings>) =>
  (await page.frame(sceneHash, { camera: CAMERA, size: SIZE, background: 'transparent', samples: 256, ...settings }))
    .bytes;

/** Variance in px² of where the edge is seen: of a disc it is a quarter of the square of its radius. */
function spread({ width, at }: Pixels): number {
  const alpha = (x: number) => (at(x, 4)[3] ?? 0) / 255;
  let [sum, mean, square] = [0, 0, 0];
  for (let x = 1; x < width; x += 1) {
    const rise = alpha(x) - alpha(x - 1);
    sum += rise;
    mean += rise * x;
    square += rise * x * x;
  }
  expect(sum).toBe(1);
  return square - mean * mean;
}

const spreadOf = async (settings: Partial<RenderSettings>) => spread(await decode(await draw(settings)));

describe.each(['raster', 'pathtrace'] as const)('depth of field of %s', (engine) => {
  it.each([2, 3, 8])('makes a point a disc as wide as the thin lens does, focused at %f m', async (focusDistanceM) => {
    const sharp = await spreadOf({ engine });
    const blurred = await spreadOf({ engine, lens: { fStop: F_STOP, focusDistanceM } });
    const expectedPx = (APERTURE_M * Math.abs(DISTANCE_M - focusDistanceM) * SCALE) / (DISTANCE_M * focusDistanceM);
    const measuredPx = 4 * Math.sqrt(blurred - sharp);
    expect(measuredPx / expectedPx).toBeGreaterThan(0.97);
    expect(measuredPx / expectedPx).toBeLessThan(1.03);
  });

  it('leaves what is in focus sharp, and focuses on the target by itself', async () => {
    const sharp = await spreadOf({ engine });
    for (const focusDistanceM of [DISTANCE_M, 'auto'] as const) {
      expect(Math.abs((await spreadOf({ engine, lens: { fStop: F_STOP, focusDistanceM } })) - sharp)).toBeLessThan(0.1);
    }
  });
});

it('a raster picture of one sample is that of a pinhole', async () => {
  const lens = { fStop: F_STOP, focusDistanceM: 2 };
  expect(await samePixels(await draw({ samples: 1, lens }), await draw({ samples: 1 }))).toBe(true);
  expect(await samePixels(await draw({ samples: 2, lens }), await draw({ samples: 2 }))).toBe(false);
});

it('leaves a pixel transparent that hardly any point of the lens sees', async () => {
  const { width, at } = await decode(await draw({ lens: { fStop: F_STOP, focusDistanceM: 2 } }));
  const alphas = Array.from({ length: width }, (_, x) => at(x, 4)[3] ?? 0);
  expect(alphas).toEqual(alphas.toSorted((a, b) => a - b));
});

it('focuses on the middle of the scene with a camera of the scene', async () => {
  const gltf = new GltfBuilder();
  gltf.node({ mesh: gltf.square(gltf.unlit([1, 1, 1]), 8), translation: [4, 0, 0] });
  gltf.rest.cameras = [{ type: 'perspective', perspective: { yfov: 2 * Math.atan(0.03), znear: 0.1, zfar: 100 } }];
  gltf.node({ name: 'Near', camera: 0, translation: [0, 0, DISTANCE_M] });
  const scene = await page.load({ 'scene.glb': gltf.build() });
  const settings = { camera: 'Near', size: SIZE, background: 'transparent', samples: 64 } as const;
  const at = async (lens: RenderSettings['lens']) =>
    spread(await decode((await page.frame(scene.sceneHash, { ...settings, lens })).bytes));
  const sharp = await at(null);
  expect(Math.abs((await at({ fStop: 0.8, focusDistanceM: 'auto' })) - sharp)).toBeLessThan(0.1);
  expect((await at({ fStop: 0.8, focusDistanceM: 2 })) - sharp).toBeGreaterThan(1);
});
