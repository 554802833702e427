import { createHash } from 'node:crypto';
import { KilnError, type LiveView, type Pose, type RenderSettings } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GltfBuilder, layeredScene, movingSquare, unlitSquare } from './glb.ts';
import { decode, lightOf, redColumns, samePixels } from './pixels.ts';
import { TestPage } from './test-page.ts';

const FRONT: RenderSettings['camera'] = { position: [0, 0, 3], target: [0, 0, 0], fovDeg: 30 };

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

async function picture(files: Uint8Array, settings: Partial<RenderSettings> = {}, frameNumber = 0) {
  const { sceneHash } = await page.load({ 'scene.glb': files });
  const { result, bytes } = await page.frame(sceneHash, { camera: FRONT, ...settings }, frameNumber);
  return { ...result, bytes, pixels: await decode(bytes) };
}

describe('colour', () => {
  it('shows an unlit red square in exactly its colour', async () => {
    expect((await picture(unlitSquare([1, 0, 0]))).pixels.middle).toEqual([255, 0, 0, 255]);
  });

  it.each([1, 2, 10, 64, 128, 200, 254])(
    'shows grey of sRGB level %i at exactly that level without tone mapping',
    async (level) => {
      const grey = await picture(unlitSquare([lightOf(level), lightOf(level), lightOf(level)]));
      expect(grey.pixels.middle).toEqual([level, level, level, 255]);
    },
  );

  it('doubles the light with each stop of exposure', async () => {
    const quarter = unlitSquare([0.25, 0.25, 0.25]);
    const brighter = await picture(quarter, { exposureEv: 1 });
    const half = await picture(unlitSquare([0.5, 0.5, 0.5]));
    expect(brighter.pixels.middle).toEqual(half.pixels.middle);
  });

  it.each(['agx', 'aces', 'neutral', 'none'] as const)(
    'keeps the neutral background the same grey with %s',
    async (toneMapping) => {
      for (const exposureEv of [-2, 0, 2]) {
        const { pixels } = await picture(unlitSquare([1, 0, 0]), { toneMapping, exposureEv });
        for (const channel of pixels.at(1, 1).slice(0, 3)) expect(Math.abs(channel - 150)).toBeLessThanOrEqual(1);
      }
    },
  );

  it('maps tones: the three curves differ from none and from each other', async () => {
    const orange = unlitSquare([0.9, 0.4, 0.1]);
    const seen = new Set<string>();
    for (const toneMapping of ['agx', 'aces', 'neutral', 'none'] as const) {
      seen.add((await picture(orange, { toneMapping })).pixels.middle.join());
    }
    expect(seen.size).toBe(4);
  });

  it('sees a texture in sRGB and a transparent material over the background', async () => {
    const half = await picture(unlitSquare([1, 1, 1, 0.5], { alphaMode: 'BLEND' }), { background: 'transparent' });
    expect(half.pixels.middle).toEqual([255, 255, 255, 128]);
  });
});

describe('background and formats', () => {
  it('is transparent with straight alpha in PNG', async () => {
    const { pixels, mediaType } = await picture(unlitSquare([1, 0.5, 0, 0.25], { alphaMode: 'BLEND' }), {
      background: 'transparent',
    });
    expect(mediaType).toBe('image/png');
    expect(pixels.at(0, 0)).toEqual([0, 0, 0, 0]);
    // Linear 0.5 is sRGB 188; a quarter of 255 is 64.
    expect(pixels.middle).toEqual([255, 188, 0, 64]);
  });

  it('is transparent in WebP, and neutral in JPEG, which has no transparency', async () => {
    const webp = await picture(unlitSquare([1, 0, 0]), { background: 'transparent', format: 'webp' });
    expect(webp.mediaType).toBe('image/webp');
    expect(webp.pixels.at(0, 0)[3]).toBe(0);
    const jpeg = await picture(unlitSquare([1, 0, 0]), { background: 'transparent', format: 'jpeg' });
    expect(jpeg.mediaType).toBe('image/jpeg');
    for (const channel of jpeg.pixels.at(1, 1).slice(0, 3)) expect(Math.abs(channel - 150)).toBeLessThanOrEqual(10);
  });

  it('shows the studio behind the scene when the background is the environment', async () => {
    const { pixels } = await picture(unlitSquare([1, 0, 0]), { background: 'environment' });
    const corners = [pixels.at(0, 0), pixels.at(63, 0), pixels.at(0, 63), pixels.at(63, 63)].map(String);
    expect(new Set(corners).size).toBeGreaterThan(1);
    expect(pixels.middle).toEqual([255, 0, 0, 255]);
  });

  it.each([
    ['up', [0, 3, 0.001], [-Math.SQRT1_2, 0, 0, Math.SQRT1_2]],
    ['down', [0, -3, 0.001], [Math.SQRT1_2, 0, 0, Math.SQRT1_2]],
    ['right', [3, 0, 0], [0, Math.SQRT1_2, 0, Math.SQRT1_2]],
    ['left', [-3, 0, 0], [0, -Math.SQRT1_2, 0, Math.SQRT1_2]],
    ['forward', [0, 0, 3], [0, 0, 0, 1]],
    ['back', [0, 0, -3], [0, 1, 0, 0]],
  ] as const)(
    'lights a grey card that faces %s as a photographer would: neither dark nor washed out',
    async (_, position, rotation) => {
      const card = new GltfBuilder();
      const matte = { baseColorFactor: [0.18, 0.18, 0.18, 1], metallicFactor: 0, roughnessFactor: 1 };
      card.node({ mesh: card.square(card.material({ pbrMetallicRoughness: matte })), rotation });
      const { pixels } = await picture(card.build(), {
        camera: { position: [...position], target: [0, 0, 0], fovDeg: 15 },
      });
      const [red = 0, green = 0, blue = 0] = pixels.middle;
      expect(green).toBeGreaterThan(65);
      expect(green).toBeLessThan(145);
      expect(Math.max(red, green, blue) - Math.min(red, green, blue)).toBeLessThan(10);
    },
  );

  it('has the size that was asked for', async () => {
    const { pixels } = await picture(unlitSquare([1, 0, 0]), { size: { widthPx: 120, heightPx: 34 } });
    expect([pixels.width, pixels.height]).toEqual([120, 34]);
  });

  it('hashes the bytes that it sends, and measures them', async () => {
    const { bytes, sha256, statistics } = await picture(unlitSquare([1, 0, 0]));
    expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(statistics).toMatchObject({ min: 0, max: 1, nanCount: 0 });
    expect(statistics?.mean).toBeGreaterThan(0.3);
    expect(statistics?.mean).toBeLessThan(0.7);
  });
});

describe('the same in, the same out', () => {
  it('draws the same bytes in any order of frames', async () => {
    const { sceneHash } = await page.load({ 'scene.glb': movingSquare() });
    const hash = async (frame: number, clip: string | null = null) =>
      (await page.frame(sceneHash, { clip }, frame)).result.sha256;
    const first = [await hash(0), await hash(7), await hash(12), await hash(5, 'Rise')];
    const again = [await hash(5, 'Rise'), await hash(12), await hash(7), await hash(0)].reverse();
    expect(again).toEqual(first);
    expect(new Set(first).size).toBe(4);
  });

  it('draws the same bytes after loading the scene again, and in another page', async () => {
    const files = { 'scene.glb': layeredScene() };
    const settings = { samples: 3, toneMapping: 'agx' } as const;
    const { sceneHash } = await page.load(files);
    const before = (await page.frame(sceneHash, settings)).result.sha256;
    await page.client.call('unload', { sceneHash });
    expect((await page.load(files)).loadedNow).toBe(true);
    expect((await page.frame(sceneHash, settings)).result.sha256).toBe(before);
    const other = await page.another();
    await other.load(files);
    expect((await other.frame(sceneHash, settings)).result.sha256).toBe(before);
  });

  it('draws the same bytes while other scenes and sizes are drawn in between', async () => {
    const { sceneHash } = await page.load({ 'scene.glb': layeredScene() });
    const alone = (await page.frame(sceneHash, { samples: 20 })).result.sha256;
    const other = await page.load({ 'scene.glb': movingSquare() });
    const view = { ...VIEW, size: { widthPx: 64, heightPx: 64 } };
    const frame = page.frame(sceneHash, { samples: 20 });
    const live = [sceneHash, other.sceneHash].map((hash) =>
      page.client.call('live', {
        sceneHash: hash,
        view,
        size: view.size,
        pose: POSE,
        format: 'jpeg',
        quality: 80,
        samples: 1,
      }),
    );
    await Promise.all(live);
    expect((await frame).result.sha256).toBe(alone);
  });
});

describe('samples', () => {
  it('smooths edges with more samples, towards one picture', async () => {
    const tilted = new GltfBuilder();
    tilted.node({ mesh: tilted.square(tilted.unlit([1, 1, 1])), rotation: [0, 0, 0.1, 0.995] });
    const levels = async (samples: number) => {
      const { pixels } = await picture(tilted.build(), { samples, background: 'transparent' });
      const alphas = pixels.data.filter((_, i) => i % 4 === 3);
      return { alphas, count: new Set(alphas).size };
    };
    const [one, eight, forty] = [await levels(1), await levels(8), await levels(40)];
    // Four multisamples give at most 5 levels.
    expect(one.count).toBeLessThanOrEqual(5);
    expect(eight.count).toBeGreaterThan(5);
    expect(forty.count).toBeGreaterThan(eight.count);
    const difference = (a: Uint8Array, b: Uint8Array) =>
      a.reduce((sum, level, i) => sum + Math.abs(level - (b[i] ?? 0)), 0);
    expect(difference(eight.alphas, forty.alphas)).toBeLessThan(difference(one.alphas, forty.alphas));
  });

  it('leaves flat colours exact, however many samples are summed', async () => {
    for (const samples of [2, 16, 17, 33]) {
      const { pixels } = await picture(unlitSquare([lightOf(128), 1, 0]), { samples });
      expect(pixels.middle).toEqual([128, 255, 0, 255]);
    }
  });
});

describe('clips', () => {
  it('shows frame n at n ÷ fps seconds, and repeats', async () => {
    const at = async (frame: number, fps = 10) =>
      redColumns((await picture(movingSquare(), { camera: WIDE, fps }, frame)).pixels);
    const start = await at(0);
    const middle = await at(5);
    expect(start[0] ?? 0).toBeLessThan(middle[0] ?? 0);
    expect(await at(50, 100)).toEqual(middle);
    expect(await at(10)).toEqual(start);
    expect(await at(15)).toEqual(middle);
    expect(await at(-5)).toEqual(middle);
  });

  it('plays the clip that is named, and the first when none is', async () => {
    const unnamed = await picture(movingSquare(), { camera: WIDE }, 3);
    const named = await picture(movingSquare(), { camera: WIDE, clip: 'Move' }, 3);
    const other = await picture(movingSquare(), { camera: WIDE, clip: 'Rise' }, 3);
    expect(named.pixels.data.equals(unnamed.pixels.data)).toBe(true);
    expect(other.pixels.data.equals(unnamed.pixels.data)).toBe(false);
  });

  it('says what is wrong in a message of bounded length, however many clips there are', async () => {
    const gltf = new GltfBuilder();
    const node = gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0])) });
    const input = gltf.accessor(Float32Array.of(0, 1), 'SCALAR');
    const output = gltf.accessor(Float32Array.of(0, 0, 0, 1, 0, 0), 'VEC3');
    const channels = [{ sampler: 0, target: { node, path: 'translation' } }];
    gltf.rest.animations = Array.from({ length: 500 }, () => ({ samplers: [{ input, output }], channels }));
    const error: unknown = await picture(gltf.build(), { clip: 'Jump' }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'job.unknown_clip' });
    expect(error instanceof Error && error.message.length).toBe(1_000);
  });

  it('refuses an unknown clip, naming those that are there', async () => {
    await expect(picture(movingSquare(), { clip: 'Jump' })).rejects.toMatchObject({
      code: 'job.unknown_clip',
      message: expect.stringContaining('"Move", "Rise"'),
    });
  });
});

describe('cameras', () => {
  /** Cameras: one named by its node, one by itself, one unnamed, and a second of the first name. */
  const withCameras = () => {
    const gltf = new GltfBuilder();
    gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0])) });
    gltf.node({ name: 'Front', camera: 0, translation: [0, 0, 3] });
    gltf.node({ camera: 1, translation: [0, 0, 6] });
    gltf.node({ camera: 2, translation: [0, 0, 3] });
    gltf.node({ name: 'Front', camera: 0, translation: [0.5, 0, 3] });
    const yfov = Math.PI / 6;
    gltf.rest.cameras = [
      { type: 'perspective', perspective: { yfov, znear: 0.1 } },
      { type: 'perspective', name: 'Far', perspective: { yfov, znear: 0.1, zfar: 10 } },
      { type: 'orthographic', orthographic: { xmag: 1, ymag: 1, znear: 0.1, zfar: 10 } },
    ];
    return gltf.build();
  };

  it('names the cameras of a scene, each differently', async () => {
    const { cameras } = await page.load({ 'scene.glb': withCameras() });
    expect(cameras.map(({ name }) => name)).toEqual(['Front', 'Far', 'camera-2', 'Front-2']);
    expect(cameras[1]).toMatchObject({ position: [0, 0, 6], fovDeg: expect.closeTo(30, 3) });
  });

  it('describes a scene by its first clip, whichever was drawn last', async () => {
    const files = { 'scene.glb': movingSquare() };
    const { sceneHash, bounds, autoCamera } = await page.load(files);
    await page.frame(sceneHash, { clip: 'Rise' }, 12);
    expect(await page.load(files)).toMatchObject({ bounds, autoCamera });
  });

  it('takes the picture from the camera that is named', async () => {
    const width = async (camera: string) => redColumns((await picture(withCameras(), { camera })).pixels).length;
    // A square of 1 at 3 and 6 metres: 64 ÷ (2 tan 15° × distance) pixels.
    expect(await width('Front')).toBeCloseTo(64 / (2 * Math.tan(Math.PI / 12) * 3), -1);
    expect(await width('Far')).toBeCloseTo(64 / (2 * Math.tan(Math.PI / 12) * 6), -1);
    expect(await width('camera-2')).toBe(32);
  });

  it.each(['auto', 'Rolled', 'Flat', 'Moving'])(
    '[LV26] shows live what a job draws with the camera %s',
    async (camera) => {
      const gltf = new GltfBuilder();
      gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0])), translation: [0.3, 0.1, 0] });
      gltf.node({ name: 'Rolled', camera: 0, translation: [0, 0, 3], rotation: [0, 0, 0.34, 0.94] });
      gltf.node({ name: 'Flat', camera: 1, translation: [0, 0, 3] });
      const node = gltf.node({ name: 'Moving', camera: 0, translation: [0, 0, 3] });
      gltf.rest.cameras = [
        { type: 'perspective', perspective: { yfov: 0.6, znear: 0.1 } },
        { type: 'orthographic', orthographic: { xmag: 1, ymag: 1, znear: 0.1, zfar: 10 } },
      ];
      const input = gltf.accessor(Float32Array.of(0, 1), 'SCALAR');
      const output = gltf.accessor(Float32Array.of(0, 0, 3, 1, 0.5, 4), 'VEC3');
      const channels = [{ sampler: 0, target: { node, path: 'translation' } }];
      gltf.rest.animations = [{ samplers: [{ input, output }], channels }];
      const { sceneHash } = await page.load({ 'scene.glb': gltf.build() });
      const size = { widthPx: 40, heightPx: 64 };
      const frame = await page.frame(sceneHash, { ...VIEW_SETTINGS, camera, size }, 12);
      const view = { ...VIEW, size, camera, frameNumber: 12 };
      const order = { sceneHash, view, size, pose: POSE, format: 'png', quality: 80, samples: 1 } as const;
      const live = await page.client.call('live', order);
      expect(await samePixels(live.bytes, frame.bytes)).toBe(true);
      expect(live.result.pose.position).not.toEqual(POSE.position);
      if (camera === 'Moving') expect(live.result.pose.position).toEqual([0.5, 0.25, 3.5]);
    },
  );

  it('keeps the vertical view when the picture is wider', async () => {
    const square = await picture(withCameras(), { camera: 'Front' });
    const wide = await picture(withCameras(), { camera: 'Front', size: { widthPx: 128, heightPx: 64 } });
    expect(redColumns(wide.pixels).length).toBe(redColumns(square.pixels).length);
  });

  it('refuses an unknown camera, naming those that are there', async () => {
    await expect(picture(withCameras(), { camera: 'Back' })).rejects.toMatchObject({
      code: 'job.unknown_camera',
      message: expect.stringContaining('"Front", "Far"'),
    });
  });

  it.each([
    [64, 64],
    [160, 40],
    [40, 160],
  ])('frames the whole scene automatically in %i × %i, and fills the picture', async (widthPx, heightPx) => {
    const { pixels } = await picture(layeredScene(), {
      camera: 'auto',
      size: { widthPx, heightPx },
      background: 'transparent',
    });
    const rows = [];
    const columns = [];
    for (let y = 0; y < heightPx; y += 1) {
      for (let x = 0; x < widthPx; x += 1) {
        if (pixels.at(x, y)[3] === 0) continue;
        rows.push(y);
        columns.push(x);
      }
    }
    const margins = [
      Math.min(...columns),
      widthPx - 1 - Math.max(...columns),
      Math.min(...rows),
      heightPx - 1 - Math.max(...rows),
    ];
    for (const margin of margins) expect(margin).toBeGreaterThan(0);
    const fill = Math.max(
      (widthPx - (margins[0] ?? 0) - (margins[1] ?? 0)) / widthPx,
      (heightPx - (margins[2] ?? 0) - (margins[3] ?? 0)) / heightPx,
    );
    expect(fill).toBeGreaterThan(0.75);
  });

  it('says what it does not draw', async () => {
    await expect(picture(unlitSquare([1, 0, 0]), { backend: 'webgpu' })).rejects.toSatisfy(
      (error) => error instanceof KilnError && error.code === 'job.unsupported',
    );
  });
});

const WIDE: RenderSettings['camera'] = { position: [0, 0, 8], target: [0, 0, 0], fovDeg: 30 };
const POSE: Pose = { position: [0.5, 0.2, 3], quaternion: [0, 0, 0, 1], fovDeg: 30 };
const VIEW_SETTINGS = {
  samples: 1,
  clip: null,
  fps: 24,
  toneMapping: 'neutral',
  exposureEv: 0,
  background: 'neutral',
} as const;
const VIEW: LiveView = {
  ...VIEW_SETTINGS,
  size: { widthPx: 64, heightPx: 64 },
  frameNumber: 3,
};
