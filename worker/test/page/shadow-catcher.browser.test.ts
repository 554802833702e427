/**
 * Ground that shows only shadows: they lie where geometry says, and are as dark as on a white floor.
 *
 * @module-tag heavy
 */
import type { RenderSettings } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dividedFrame } from './divided.ts';
import { readExrFile } from './exr-file.ts';
import { above, floatingBall, groundOf, HEIGHT, RADIUS } from './floating-ball.ts';
import { GltfBuilder } from './glb.ts';
import { decode, lightOf, type Pixels, samePixels } from './pixels.ts';
import { TestPage } from './test-page.ts';

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start({ webgpu: true });
});
afterAll(() => page.close());

/** The ball below a spot light that looks straight down, 2 m above the ground. */
function ballBelowSpot(): Uint8Array {
  const gltf = new GltfBuilder().uses('KHR_lights_punctual');
  gltf.node({ mesh: gltf.sphere(gltf.matte(0.5), RADIUS), translation: [0, HEIGHT, 0] });
  const light = { type: 'spot', intensity: 20, spot: { innerConeAngle: 0.3, outerConeAngle: 0.5 } };
  gltf.rest.extensions = { KHR_lights_punctual: { lights: [light] } };
  const placed = { translation: [0, 2, 0], rotation: [-Math.SQRT1_2, 0, 0, Math.SQRT1_2] };
  gltf.node({ ...placed, extensions: { KHR_lights_punctual: { light: 0 } } });
  return gltf.build();
}

const CAUGHT: Partial<RenderSettings> = {
  shadowCatcher: { heightM: 0 },
  background: 'transparent',
  environment: 'none',
  camera: above(0.5),
};

async function drawn(files: Uint8Array, settings: Partial<RenderSettings>): Promise<Pixels> {
  const { sceneHash } = await page.load({ 'scene.glb': files });
  return decode((await page.frame(sceneHash, settings)).bytes);
}

describe.each(['webgl', 'webgpu'] as const)('the shadow catcher with %s', (backend) => {
  it.each([45, 11])('is black where a light %d° high is kept out, and nothing elsewhere', async (elevationDeg) => {
    const away = HEIGHT / Math.tan((elevationDeg * Math.PI) / 180);
    const picture = await drawn(floatingBall({ elevationDeg }), { ...CAUGHT, backend, camera: above(away) });
    const ground = groundOf(picture, away);
    const inside = ground.filter(({ place }) => place < 0.8);
    expect(inside.length).toBeGreaterThan(30);
    for (const { levels } of inside) expect(levels).toEqual([0, 0, 0, 255]);
    for (const { levels } of ground.filter(({ place }) => place > 1.3)) expect(levels).toEqual([0, 0, 0, 0]);
  });

  it('is a ring around a ball below a spot light, and nothing where its cone does not reach', async () => {
    const { width, height, at } = await drawn(ballBelowSpot(), { ...CAUGHT, backend, camera: above(0) });
    // Of the cone from the light that touches the ball.
    const outer = 2 * Math.tan(Math.asin(RADIUS / (2 - HEIGHT)));
    let ring = 0;
    for (let i = 0; i < width * height; i += 1) {
      const [x, y] = [i % width, Math.floor(i / width)];
      const away = Math.hypot((x + 0.5) / width - 0.5, (y + 0.5) / height - 0.5) * 2;
      if (away > RADIUS + 0.03 && away < outer - 0.02) {
        ring += 1;
        expect(at(x, y)).toEqual([0, 0, 0, 255]);
      } else if (away > outer + 0.03) expect(at(x, y)).toEqual([0, 0, 0, 0]);
    }
    expect(ring).toBeGreaterThan(10);
  });

  it('is as dark over white as a white floor, in the light of an environment too', async () => {
    const look = { backend, environment: 'white', camera: above(0.5), exposureEv: -1.5 } as const;
    const floor = await drawn(floatingBall({ floor: true }), look);
    const plate = await drawn(floatingBall(), { ...CAUGHT, ...look, background: '#ffffff' });
    const lit = lightOf(floor.at(2, 2)[1] ?? 0);
    const ground = groundOf(plate, 0.5);
    const lightAt = ({ levels }: (typeof ground)[number]) => lightOf(levels[1] ?? 0);
    // Edges of shadows are a texel of their map wide, and the maps are not the same.
    for (const spot of ground.filter(({ place }) => place < 0.8 || place > 1.3)) {
      expect(Math.abs(lightAt(spot) - lightOf(floor.at(spot.x, spot.y)[1] ?? 0) / lit)).toBeLessThan(0.03);
    }
    const darkest = Math.min(...ground.map(lightAt));
    // The light of the sky is left: 1 − 2 sin 45° ÷ (2 sin 45° + π).
    expect(Math.abs(darkest - Math.PI / (Math.SQRT2 + Math.PI))).toBeLessThan(0.01);
  });

  it('is no part of depth, and gone from the next picture', async () => {
    const { sceneHash } = await page.load({ 'scene.glb': floatingBall() });
    const exr: Partial<RenderSettings> = {
      ...CAUGHT,
      backend,
      format: 'exr',
      bitDepth: 'float',
      passes: ['beauty', 'depth'],
    };
    const caught = readExrFile((await page.frame(sceneHash, exr)).bytes);
    const bare = await page.frame(sceneHash, { ...exr, shadowCatcher: null });
    const plain = readExrFile(bare.bytes);
    expect(caught.value('A', 32, 32)).toBe(1);
    expect(plain.value('A', 32, 32)).toBe(0);
    for (let y = 0; y < 64; y += 4) expect(caught.value('depth.Z', 32, y)).toBe(plain.value('depth.Z', 32, y));
  });
});

it('lies below the scene where no height is said', async () => {
  const camera: RenderSettings['camera'] = { position: [0, 1, 2], target: [0, 0.3, 0], heightM: 2 };
  const settings = { ...CAUGHT, camera };
  const low = await drawn(floatingBall(), { ...settings, shadowCatcher: { heightM: 'auto' } });
  const same = await drawn(floatingBall(), { ...settings, shadowCatcher: { heightM: HEIGHT - RADIUS } });
  expect(low.data.equals(same.data)).toBe(true);
  const none = await drawn(floatingBall(), { ...settings, shadowCatcher: null });
  expect(low.data.equals(none.data)).toBe(false);
});

it('catches nothing without lights, and leaves the picture as it is', async () => {
  const gltf = new GltfBuilder();
  gltf.node({ mesh: gltf.sphere(gltf.matte(0.5), RADIUS) });
  const { sceneHash } = await page.load({ 'scene.glb': gltf.build() });
  const look: Partial<RenderSettings> = { background: 'transparent' };
  const caught = await page.frame(sceneHash, { ...look, shadowCatcher: { heightM: 'auto' } });
  expect(await samePixels(caught.bytes, (await page.frame(sceneHash, look)).bytes)).toBe(true);
});

it('is the same in parts, byte for byte', async () => {
  const { sceneHash } = await page.load({ 'scene.glb': floatingBall() });
  const settings = { ...CAUGHT, samples: 32 };
  const whole = await page.frame(sceneHash, settings);
  const division = { tiles: { columns: 2, rows: 1 }, sampleRanges: 2 };
  expect(await samePixels((await dividedFrame(page, sceneHash, settings, { division })).bytes, whole.bytes)).toBe(true);
});
