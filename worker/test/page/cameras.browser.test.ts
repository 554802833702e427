/** Where cameras stand and what they take in, measured in pixels. */
import type { RenderSettings } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GltfBuilder, unlitSquare } from './glb.ts';
import { decode, type Pixels, redColumns, samePixels } from './pixels.ts';
import { TestPage } from './test-page.ts';

type Camera = RenderSettings['camera'];

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

async function picture(files: Uint8Array, settings: Partial<RenderSettings>, frameNumber = 0) {
  const { sceneHash } = await page.load({ 'scene.glb': files });
  const { result, bytes } = await page.frame(sceneHash, settings, frameNumber);
  return { ...result, bytes, pixels: await decode(bytes) };
}

describe('cameras by numbers', () => {
  const RED = unlitSquare([1, 0, 0]);
  const front = { position: [0, 0, 1], target: [0, 0, 0] } satisfies Partial<Camera & object>;
  const width = async (camera: Camera) => redColumns((await picture(RED, { camera })).pixels).length;

  it('by focal length, on a sensor 24 mm high or as high as said', async () => {
    // 2 × atan(24 ÷ (2 × 12)) is 90°: two metres high at a distance of one.
    expect(await width({ ...front, focalLengthMm: 12 })).toBe(32);
    expect(await width({ ...front, focalLengthMm: 24, sensorHeightMm: 48 })).toBe(32);
    expect(await width({ ...front, focalLengthMm: 24 })).toBe(64);
  });

  it('without perspective, as many metres high as said, at any distance', async () => {
    for (const distance of [0.2, 1, 100]) {
      expect(await width({ position: [0, 0, distance], target: [0, 0, 0], heightM: 4 })).toBe(16);
    }
  });

  it('by the pose of a live view', async () => {
    expect(await width({ position: [0, 0, 1], quaternion: [0, 0, 0, 1], fovDeg: 90 })).toBe(32);
    const eighth = Math.PI / 8;
    const beside = { position: [1, 0, 1], fovDeg: 90 } satisfies Partial<Camera & object>;
    const posed = await width({ ...beside, quaternion: [0, Math.sin(eighth), 0, Math.cos(eighth)] });
    expect(posed).toBe(await width({ ...beside, target: [0, 0, 0] }));
    expect(posed).toBeGreaterThan(8);
  });

  it('with what is up', async () => {
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0])), translation: [1, 0, 0] });
    const camera: Camera = { position: [0, 0, 3], target: [0, 0, 0], heightM: 4, up: [1, 0, 0] };
    const { at } = (await picture(gltf.build(), { camera })).pixels;
    expect(at(32, 16)).toEqual([255, 0, 0, 255]);
    expect(at(48, 32)).not.toEqual([255, 0, 0, 255]);
  });
});

describe('a camera path', () => {
  const RED = unlitSquare([1, 0, 0]);
  /** From 1 m to the left of the square to 1 m to the right, without perspective. */
  const camera: Camera = {
    path: [-1, 1].map((x, index) => ({ frame: index * 4, position: [x, 0, 3], target: [x, 0, 0], heightM: 4 })),
    interpolation: 'linear',
  };
  const columns = async (frame: number, settings: Partial<RenderSettings> = {}) =>
    redColumns((await picture(RED, { camera, ...settings }, frame)).pixels);

  it('stands at each frame where the path is then', async () => {
    const middle = async (frame: number) => {
      const seen = await columns(frame);
      return ((seen[0] ?? 0) + (seen.at(-1) ?? 0) + 1) / 2;
    };
    // 16 pixels a metre, the square in the middle at the middle of the way.
    expect(await Promise.all([-3, 0, 1, 2, 4, 9].map(middle))).toEqual([48, 48, 40, 32, 16, 16]);
  });

  it('is smeared while the shutter is open', async () => {
    const blurred = await picture(RED, { camera, samples: 16, shutterAngleDeg: 360 }, 1);
    const alike = await picture(RED, { camera, samples: 16 }, 1);
    const grey = ({ at }: Pixels) => Array.from({ length: 64 }, (_, x) => at(x, 32)[1] ?? 0);
    const between = (pixels: Pixels) =>
      grey(pixels).filter((value) => value > 4 && value < (grey(pixels)[0] ?? 0) - 4).length;
    // Half a metre of the way: eight pixels at each edge.
    expect(between(blurred.pixels)).toBeGreaterThan(12);
    expect(between(alike.pixels)).toBeLessThan(5);
  });
});

describe('the turntable', () => {
  /** Red and green left and right of the middle, facing front; blue behind and yellow before it, facing right. */
  function fourSquares(): Uint8Array {
    const gltf = new GltfBuilder();
    const sideways = [0, Math.SQRT1_2, 0, Math.SQRT1_2];
    gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0])), translation: [-0.75, 0, 0] });
    gltf.node({ mesh: gltf.square(gltf.unlit([0, 1, 0])), translation: [0.75, 0, 0] });
    gltf.node({ mesh: gltf.square(gltf.unlit([0, 0, 1])), translation: [0, 0, -0.75], rotation: sideways });
    gltf.node({ mesh: gltf.square(gltf.unlit([1, 1, 0])), translation: [0, 0, 0.75], rotation: sideways });
    return gltf.build();
  }
  const FRONT: Camera = { position: [0, 0, 5], target: [0, 0, 0], heightM: 4 };
  const sides = ({ at }: Pixels) => [at(20, 32), at(44, 32)].map((pixel) => pixel.slice(0, 3).join());
  const [RED, GREEN, BLUE, YELLOW] = ['255,0,0', '0,255,0', '0,0,255', '255,255,0'];

  it('sees frame n from 360° · n ÷ frames further around, whatever the frame rate', async () => {
    for (const fps of [24, 29.97]) {
      const at = async (frame: number) =>
        sides((await picture(fourSquares(), { camera: FRONT, turntable: { frames: 4 }, fps }, frame)).pixels);
      expect(await at(0)).toEqual([RED, GREEN]);
      expect(await at(1)).toEqual([YELLOW, BLUE]);
      expect(await at(2)).toEqual([GREEN, RED]);
      expect(await at(3)).toEqual([BLUE, YELLOW]);
      expect(await at(-1)).toEqual([BLUE, YELLOW]);
    }
  });

  it('comes back to the same pixels, and turns cameras of the scene', async () => {
    const turntable = { frames: 48 };
    const bytes = async (frame: number) => (await picture(fourSquares(), { camera: FRONT, turntable }, frame)).bytes;
    expect(await samePixels(await bytes(48), await bytes(0))).toBe(true);
    expect(await samePixels(await bytes(47), await bytes(0))).toBe(false);
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0])), translation: [-1, 0, 0] });
    gltf.node({ mesh: gltf.square(gltf.unlit([0, 1, 0])), translation: [1, 0, 0] });
    gltf.rest.cameras = [{ type: 'orthographic', orthographic: { xmag: 2, ymag: 2, znear: 0.1, zfar: 10 } }];
    gltf.node({ name: 'Flat', camera: 0, translation: [0, 0, 5] });
    const turned = await picture(gltf.build(), { camera: 'Flat', turntable }, 24);
    expect(turned.pixels.at(16, 32).slice(0, 3)).toEqual([0, 255, 0]);
  });

  it.each([
    ['wide', { widthPx: 96, heightPx: 48 }],
    ['high', { widthPx: 48, heightPx: 96 }],
  ])('keeps all of the scene in a %s picture from every side, with the automatic camera', async (_, size) => {
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0]), 1), translation: [-3, 0, 1] });
    gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0]), 1), translation: [3, 2, -1] });
    const scene = gltf.build();
    for (let frame = 0; frame < 8; frame += 1) {
      const { pixels } = await picture(scene, { size, turntable: { frames: 8 }, background: 'transparent' }, frame);
      const { width, height } = pixels;
      const seen = (x: number, y: number) => (pixels.at(x, y)[3] ?? 0) > 0;
      const columns = Array.from({ length: width }, (_, x) => x);
      const rows = Array.from({ length: height }, (_, y) => y);
      expect(columns.some((x) => seen(x, 0) || seen(x, height - 1))).toBe(false);
      expect(rows.some((y) => seen(0, y) || seen(width - 1, y))).toBe(false);
      expect(columns.some((x) => rows.some((y) => seen(x, y)))).toBe(true);
    }
  });
});
