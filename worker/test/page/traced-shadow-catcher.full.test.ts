/** Ground that shows only shadows, path traced: how dark it is can be reckoned, or is what a traced white floor loses. */
import type { RenderSettings } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dividedFrame } from './divided.ts';
import { type ExrFile, readExrFile } from './exr-file.ts';
import { above, floatingBall, groundOf, HEIGHT, RADIUS } from './floating-ball.ts';
import { GltfBuilder } from './glb.ts';
import { hdrFile } from './panorama-files.ts';
import { decode, type Pixels } from './pixels.ts';
import { TestPage } from './test-page.ts';

const SIZE = { widthPx: 64, heightPx: 64 };
const CAUGHT: Partial<RenderSettings> = {
  engine: 'pathtrace',
  samples: 16,
  bounces: 1,
  size: SIZE,
  shadowCatcher: { heightM: 0 },
  background: 'transparent',
  environment: 'none',
  camera: above(0.5),
};

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page?.close());

async function drawn(files: Uint8Array, settings: Partial<RenderSettings>): Promise<Pixels> {
  const { sceneHash } = await page.load({ 'scene.glb': files });
  return decode((await page.frame(sceneHash, { ...CAUGHT, ...settings })).bytes);
}

/** In linear light. */
async function measured(files: Uint8Array, settings: Partial<RenderSettings>): Promise<ExrFile> {
  const { sceneHash } = await page.load({ 'scene.glb': files });
  const floats = { format: 'exr', bitDepth: 'float' } as const;
  return readExrFile((await page.frame(sceneHash, { ...CAUGHT, ...floats, ...settings })).bytes);
}

const alphaOf = ({ levels }: ReturnType<typeof groundOf>[number]) => levels[3] ?? 0;

describe('the shadow catcher of path tracing', () => {
  it.each([45, 11])(
    'is black where a light %d° high is kept out, nothing elsewhere, as in raster',
    async (elevationDeg) => {
      const away = HEIGHT / Math.tan((elevationDeg * Math.PI) / 180);
      const files = floatingBall({ elevationDeg });
      const ground = groundOf(await drawn(files, { camera: above(away) }), away);
      const inside = ground.filter(({ place }) => place < 0.7);
      expect(inside.length).toBeGreaterThan(30);
      for (const { levels } of inside) expect(levels).toEqual([0, 0, 0, 255]);
      for (const { levels } of ground.filter(({ place }) => place > 1.4)) expect(levels).toEqual([0, 0, 0, 0]);
      const raster = groundOf(await drawn(files, { camera: above(away), engine: 'raster' }), away);
      const apart = ground.map((spot, i) => Math.abs(alphaOf(spot) - alphaOf(raster[i] ?? spot)));
      expect(apart.reduce((sum, each) => sum + each, 0) / apart.length / 255).toBeLessThan(0.01);
    },
  );

  it('is a ring around a ball below a point light', async () => {
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.sphere(gltf.matte(0.5), RADIUS), translation: [0, HEIGHT, 0] });
    gltf.pointLight({ intensity: 5, translation: [0, 1, 0] });
    const { width, height, at } = await drawn(gltf.build(), { camera: above(0) });
    // Of the cone from the light that touches the ball.
    const outer = Math.tan(Math.asin(RADIUS / (1 - HEIGHT)));
    let ring = 0;
    for (let i = 0; i < width * height; i += 1) {
      const [x, y] = [i % width, Math.floor(i / width)];
      const away = Math.hypot((x + 0.5) / width - 0.5, (y + 0.5) / height - 0.5) * 2;
      if (away > RADIUS + 0.045 && away < outer - 0.045) {
        ring += 1;
        expect(at(x, y)).toEqual([0, 0, 0, 255]);
      } else if (away > outer + 0.045) expect(at(x, y)).toEqual([0, 0, 0, 0]);
    }
    expect(ring).toBeGreaterThan(0);
  });

  it('is half as dark below what lets half of the light through', async () => {
    const gltf = new GltfBuilder();
    const veil = gltf.square(gltf.unlit([0, 0, 0, 0.5], { alphaMode: 'BLEND' }), 0.6);
    gltf.node({ mesh: veil, translation: [0, HEIGHT, 0], rotation: [-Math.SQRT1_2, 0, 0, Math.SQRT1_2] });
    gltf.directionalLight({ intensity: 2, rotation: [-Math.sin(Math.PI / 8), 0, 0, Math.cos(Math.PI / 8)] });
    const { at } = await drawn(gltf.build(), { samples: 64 });
    let alpha = 0;
    for (let i = 0; i < 25; i += 1) alpha += (at(30 + (i % 5), 30 + Math.floor(i / 5))[3] ?? 0) / 25 / 255;
    expect(Math.abs(alpha - 0.5)).toBeLessThan(0.03);
  });

  // One that is as large as uploaded ones is made ready in a worker.
  const lamp = (x: number, y: number) => (y > 120 && y < 136 && x > 300 && x < 330 ? 200 : 0.2);
  const large = hdrFile({ width: 1_024, height: 512, light: (x, y) => [lamp(x, y), lamp(x, y), lamp(x, y)] });

  it.each([
    ['even light', { environment: 'white' }, false],
    ['even light and a sun', { environment: 'white' }, true],
    ['the studio, turned', { environment: 'studio', environmentRotationDeg: 70 }, false],
    ['a park', { environment: 'park', environmentIntensity: 0.5 }, false],
    ['an uploaded lamp in a dim sky', { environment: null }, false],
  ] as const)('loses of %s what a white floor loses', async (_what, { environment, ...more }, sun) => {
    const light = { environment: environment ?? (await page.lend(large)), ...more };
    const look = { ...light, samples: 256, camera: above(0), size: { widthPx: 16, heightPx: 16 } } as const;
    const plate = await measured(floatingBall({ sun }), look);
    const floor = await measured(floatingBall({ sun, floor: true }), { ...look, shadowCatcher: null });
    // Without anything on it.
    const bare = new GltfBuilder();
    bare.node({ mesh: bare.square(bare.matte(1), 4), rotation: [-Math.SQRT1_2, 0, 0, Math.SQRT1_2] });
    const half = Math.PI / 8;
    if (sun) bare.directionalLight({ intensity: 2, rotation: [-Math.sin(half), 0, 0, Math.cos(half)] });
    const lit = await measured(bare.build(), { ...look, shadowCatcher: null });
    let [whole, error, squares, darkest, count] = [0, 0, 0, 0, 0];
    for (let i = 0; i < 256; i += 1) whole += lit.value('G', i % 16, i >> 4) / 256;
    for (let i = 0; i < 256; i += 1) {
      const [x, y] = [i % 16, i >> 4];
      if (Math.hypot(x - 7.5, y - 7.5) / 8 < RADIUS + 0.15) continue;
      const alpha = plate.value('A', x, y);
      expect(alpha).toBeGreaterThanOrEqual(0);
      expect(alpha).toBeLessThanOrEqual(1);
      const apart = 1 - alpha - floor.value('G', x, y) / whole;
      error += apart;
      squares += apart ** 2;
      darkest = Math.max(darkest, alpha);
      count += 1;
    }
    expect(Math.abs(error / count)).toBeLessThan(0.005);
    // Of what noise both have.
    expect(Math.sqrt(squares / count)).toBeLessThan(0.05);
    expect(darkest).toBeGreaterThan(0.05);
  });

  it('neither lights what stands on it nor is seen in it', async () => {
    const look = { environment: 'studio', camera: above(0), bounces: 3 } as const;
    const caught = await drawn(floatingBall(), look);
    const plain = await drawn(floatingBall(), { ...look, shadowCatcher: null });
    for (const [x, y] of [
      [32, 32],
      [29, 33],
      [35, 30],
    ] as const)
      expect(caught.at(x, y)).toEqual(plain.at(x, y));
    expect(caught.data.equals(plain.data)).toBe(false);
  });

  it('darkens what stands behind it, and is the same in parts, byte for byte', async () => {
    const { sceneHash } = await page.load({ 'scene.glb': floatingBall() });
    const settings = { ...CAUGHT, samples: 32, background: 'neutral', format: 'exr', bitDepth: 'float' } as const;
    const whole = await page.frame(sceneHash, settings);
    const division = { tiles: { columns: 2, rows: 1 }, sampleRanges: 2 };
    expect((await dividedFrame(page, sceneHash, settings, { division })).result.sha256).toBe(whole.result.sha256);
    const picture = readExrFile(whole.bytes);
    const shadow = picture.value('G', 32, 32);
    expect([shadow, picture.value('A', 32, 32)]).toEqual([0, 1]);
    expect(picture.value('G', 1, 1)).toBeGreaterThan(0.1);
  });
});
