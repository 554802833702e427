/**
 * Sun and sky: where shadows fall, and how bright it is.
 *
 * @module-tag heavy
 */
import type { RenderSettings } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sunlight } from '../../src/page/scene/sky.ts';
import { GltfBuilder, unlitSquare } from './glb.ts';
import { decode, lightOf, type Pixels } from './pixels.ts';
import { TestPage } from './test-page.ts';

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

/** A ball of radius 0.2 that floats half a metre above white ground of 4 m. */
function floatingBall(): Uint8Array {
  const gltf = new GltfBuilder();
  gltf.node({ mesh: gltf.square(gltf.matte(1), 4), rotation: [-Math.SQRT1_2, 0, 0, Math.SQRT1_2] });
  gltf.node({ mesh: gltf.sphere(gltf.matte(0.5), 0.2), translation: [0, 0.5, 0] });
  return gltf.build();
}

/** North, −z, is above in the picture, east, +x, at the right; 4 m across. */
const FROM_ABOVE: RenderSettings['camera'] = { position: [0, 5, 0], target: [0, 0, 0], heightM: 4, up: [0, 0, -1] };

async function picture(sun: RenderSettings['sun'], more: Partial<RenderSettings> = {}): Promise<Pixels> {
  const { sceneHash } = await page.load({ 'scene.glb': floatingBall() });
  return decode((await page.frame(sceneHash, { camera: FROM_ABOVE, sun, exposureEv: -0.5, ...more })).bytes);
}

/** Middle of what is dark on the ground, metres to the east and to the north of the middle. */
function shadowOf({ width, height, at }: Pixels): readonly [number, number] {
  const ground = Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return { east: ((x + 0.5) / width - 0.5) * 4, north: (0.5 - (y + 0.5) / height) * 4, level: at(x, y)[1] ?? 0 };
  }).filter(({ east, north }) => Math.hypot(east, north) > 0.25);
  const threshold = Math.min(...ground.map(({ level }) => level)) + 25;
  const dark = ground.filter(({ level }) => level <= threshold);
  const mean = (of: (spot: (typeof dark)[number]) => number) =>
    dark.reduce((sum, spot) => sum + of(spot), 0) / dark.length;
  return [mean(({ east }) => east), mean(({ north }) => north)];
}

describe('the sun', () => {
  it.each([
    [45, 180, 0],
    [45, 270, 0],
    [35, 225, 0],
    [45, 180, 90],
  ])('%d° high at %d°, turned by %d°, throws the shadow away from itself', async (elevationDeg, azimuthDeg, turn) => {
    const sun = { elevationDeg, azimuthDeg, turbidity: 2 };
    const [east, north] = shadowOf(await picture(sun, { environmentRotationDeg: turn }));
    const far = 0.5 / Math.tan((elevationDeg * Math.PI) / 180);
    const away = ((azimuthDeg - turn + 180) * Math.PI) / 180;
    expect(Math.abs(east - far * Math.sin(away))).toBeLessThan(0.12);
    expect(Math.abs(north - far * Math.cos(away))).toBeLessThan(0.12);
  });

  it('45° high makes white ground white, and sinking red', async () => {
    const { at } = await picture({ elevationDeg: 45, azimuthDeg: 180, turbidity: 3 });
    for (const level of at(3, 3).slice(0, 3)) expect(Math.abs(lightOf(level) * Math.SQRT2 - 1)).toBeLessThan(0.12);
    const [red, , blue] = sunlight({ elevationDeg: 3, turbidity: 3 });
    expect(blue).toBeLessThan(red / 5);
  });

  it('shines on grey ground below the horizon, of an albedo of 0.2', async () => {
    const camera: RenderSettings['camera'] = { position: [0, 9, 0], target: [0, 8, -1], fovDeg: 20 };
    const look = {
      camera,
      background: 'environment',
      backgroundBlur: 0,
      exposureEv: 0,
      size: { widthPx: 8, heightPx: 8 },
    } as const;
    const { sceneHash } = await page.load({ 'scene.glb': unlitSquare([1, 0, 0]) });
    const sun = { elevationDeg: 45, azimuthDeg: 180, turbidity: 3 };
    const { middle } = await decode((await page.frame(sceneHash, { ...look, sun })).bytes);
    for (const level of middle.slice(0, 3)) expect(Math.abs(lightOf(level) - 0.2)).toBeLessThan(0.02);
  });

  it('is gone when a picture asks for none, and with intensity 0 it is night', async () => {
    const plain = await picture(null, { environment: 'white' });
    await picture({ elevationDeg: 45, azimuthDeg: 0, turbidity: 3 });
    expect((await picture(null, { environment: 'white' })).data.equals(plain.data)).toBe(true);
    const night = await picture({ elevationDeg: 45, azimuthDeg: 0, turbidity: 3 }, { environmentIntensity: 0 });
    expect(night.at(3, 3)).toEqual([0, 0, 0, 255]);
  });

  it('stands in a sky that is brightest around it', async () => {
    const seen = async (azimuthDeg: number) => {
      const camera: RenderSettings['camera'] = { position: [0, 9, 0], target: [0, 9.5, -1], fovDeg: 20 };
      const sun = { elevationDeg: 30, azimuthDeg, turbidity: 3 };
      const { middle } = await picture(sun, { camera, background: 'environment', backgroundBlur: 0 });
      return middle[1] ?? 0;
    };
    expect(await seen(0)).toBeGreaterThan((await seen(180)) + 40);
  });
});
