/** [LV30] A resting view gets better tile by tile, until it is what a job draws. */
import { LIMITS, type LiveView, type Pose, settingsOfView } from '@kiln/shared';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LiveTile, RefineOutcome } from '../../src/page/contract.ts';
import { layeredScene, movingSquare } from './glb.ts';
import { decode } from './pixels.ts';
import { TestPage } from './test-page.ts';

const SIZE = { widthPx: 300, heightPx: 170 };
const VIEW: LiveView = {
  samples: 20,
  clip: null,
  fps: 24,
  toneMapping: 'agx',
  exposureEv: 0,
  background: 'environment',
  size: SIZE,
  frameNumber: 0,
  depth: true,
  tiles: true,
};
/** As a job's camera at the same place has it. */
const POSE: Pose = { position: [0.4, 0, 3], quaternion: [0, 0, 0, 1], fovDeg: 40 };
const CAMERA = { position: POSE.position, target: [0.4, 0, 0] as Pose['position'], fovDeg: POSE.fovDeg };

let page: TestPage;
let sceneHash: string;
beforeAll(async () => {
  page = await TestPage.start();
  ({ sceneHash } = await page.load({ 'scene.glb': layeredScene() }));
});
afterAll(() => page.close());
afterEach(() => page.client.call('forget', { key: 'one' }));

interface Asked {
  readonly key?: string;
  readonly version?: number;
  readonly scene?: string;
  readonly sliceMs?: number;
  readonly mayShow?: boolean;
  readonly isFirstShown?: boolean;
  readonly format?: 'jpeg' | 'png';
}

async function slice(view: LiveView, asked: Asked = {}) {
  const { key = 'one', version = 1, scene = sceneHash, sliceMs = 10_000, mayShow = true, isFirstShown = false } = asked;
  const { format = 'jpeg' } = asked;
  const { result, bytes } = await page.client.call('refine', {
    key,
    version,
    sceneHash: scene,
    view,
    backend: 'webgl',
    pose: POSE,
    format,
    quality: 85,
    exactFormat: 'png',
    sliceMs,
    mayShow,
    isFirstShown,
  });
  return { result, bytes: Buffer.from(bytes) };
}

/** What a viewer sees that puts tiles over the picture that it has. */
class Canvas {
  pixels = Buffer.alloc(SIZE.widthPx * SIZE.heightPx * 4);

  async put(tiles: readonly LiveTile[], bytes: Buffer): Promise<void> {
    let at = 0;
    for (const { x, y, widthPx, heightPx, sizeBytes } of tiles) {
      const tile = await sharp(bytes.subarray(at, at + sizeBytes))
        .ensureAlpha()
        .raw()
        .toBuffer();
      for (let row = 0; row < heightPx; row += 1) {
        const from = row * widthPx * 4;
        tile.copy(this.pixels, ((y + row) * SIZE.widthPx + x) * 4, from, from + widthPx * 4);
      }
      at += sizeBytes;
    }
    expect(at).toBe(bytes.length);
  }
}

/** To the end of a view. */
async function refined(view: LiveView, asked: Asked = {}) {
  const canvas = new Canvas();
  const results: RefineOutcome[] = [];
  await page.client.call('forget', { key: asked.key ?? 'one' });
  for (;;) {
    const { result, bytes } = await slice(view, asked);
    results.push(result);
    if (result.tiles) await canvas.put(result.tiles, bytes);
    if (result.isOver) return { canvas, results };
  }
}

async function framePixels(view: LiveView, scene = sceneHash): Promise<Buffer> {
  const settings = { ...settingsOfView(view), camera: CAMERA };
  const { bytes } = await page.client.call('frame', {
    sceneHash: scene,
    settings,
    backend: 'webgl',
    frameNumber: view.frameNumber,
  });
  return (await decode(Buffer.from(bytes))).data;
}

async function isTheFrame(changes: Partial<LiveView>): Promise<void> {
  const view: LiveView = { ...VIEW, ...changes };
  const { canvas, results } = await refined(view);
  expect(results.at(-1)?.tiles?.every(({ codec }) => codec === 'png')).toBe(true);
  expect(canvas.pixels.equals(await framePixels(view))).toBe(true);
}

describe('a resting view', () => {
  it.each([
    ['one sample', { samples: 1 }],
    ['many samples of rasterisation', { samples: 40 }],
    [
      'depth of field and motion blur',
      { samples: 12, lens: { fStop: 1.4, focusDistanceM: 2.5 }, shutterAngleDeg: 180 },
    ],
    ['a transparent background', { samples: 5, background: 'transparent' }],
    [
      'path tracing that noise ends, and a filter',
      { samples: 64, engine: 'pathtrace', noiseThreshold: 0.2, denoise: true },
    ],
  ] as const)('[LV30] is the frame of a job at last: %s', (_what, changes) => isTheFrame(changes));

  it('[LV30] is the frame of a job at last: path tracing', { tags: ['heavy'] }, () =>
    isTheFrame({ samples: 20, engine: 'pathtrace', bounces: 2 }),
  );

  it('[LV30] shows 1, 2, 4 … samples and then all, each once', async () => {
    const { results } = await refined({ ...VIEW, engine: 'pathtrace', bounces: 1, samples: 20 });
    expect(results.map(({ samples, tiles }) => tiles && samples)).toEqual([1, 2, 4, 8, 16, 20]);
    expect(results.map(({ isOver }) => isOver)).toEqual([false, false, false, false, false, true]);
  });

  it('[LV30] is the same in slices of any length, with others in between', { tags: ['heavy'] }, async () => {
    const view: LiveView = { ...VIEW, samples: 37 };
    const { canvas, results } = await refined(view, { sliceMs: 0 });
    expect(results.length).toBeGreaterThan(6);
    const [one, two] = await Promise.all([
      refined(view, { key: 'a', sliceMs: 1 }),
      refined({ ...view, engine: 'pathtrace', samples: 18 }, { key: 'b', sliceMs: 1 }),
    ]);
    expect(one.canvas.pixels.equals(canvas.pixels)).toBe(true);
    expect(canvas.pixels.equals(await framePixels(view))).toBe(true);
    expect(two.canvas.pixels.equals(await framePixels({ ...view, engine: 'pathtrace', samples: 18 }))).toBe(true);
  });

  it('sends only what got better than the picture of one sample that the viewer has', async () => {
    const flat = (await page.load({ 'scene.glb': movingSquare() })).sceneHash;
    const view: LiveView = { ...VIEW, background: 'neutral', samples: 32, tiles: true };
    const { results } = await refined(view, { scene: flat, isFirstShown: true });
    const sent = results.slice(0, -1).flatMap(({ tiles }) => tiles ?? []);
    const pixels = (tiles: readonly LiveTile[]) =>
      tiles.reduce((sum, { widthPx, heightPx }) => sum + widthPx * heightPx, 0);
    expect(results[0]?.samples).toBe(2);
    expect(pixels(sent)).toBeLessThan(SIZE.widthPx * SIZE.heightPx * (results.length - 1));
    expect(pixels(results.at(-1)?.tiles ?? [])).toBe(SIZE.widthPx * SIZE.heightPx);
  });

  it('goes on drawing while nothing may be shown, and shows the last picture when it may', async () => {
    const view: LiveView = { ...VIEW, samples: 24 };
    let last = await slice(view, { mayShow: false });
    while (!last.result.isDrawn) last = await slice(view, { mayShow: false });
    expect(last.result).toMatchObject({ samples: 24, isOver: false, tiles: null });
    const { result, bytes } = await slice(view);
    const canvas = new Canvas();
    await canvas.put(result.tiles ?? [], bytes);
    expect(result.isOver).toBe(true);
    expect(canvas.pixels.equals(await framePixels(view))).toBe(true);
  });

  it('begins anew for another version, and after it was forgotten', async () => {
    const view: LiveView = { ...VIEW, samples: 64 };
    const first = await slice(view, { version: 1 });
    expect(first.result.samples).toBe(1);
    expect((await slice(view, { version: 1 })).result.samples).toBe(2);
    expect((await slice(view, { version: 2 })).result.samples).toBe(1);
    await page.client.call('forget', { key: 'one' });
    expect((await slice(view, { version: 2 })).result.samples).toBe(1);
    await page.client.call('forget', { key: 'one' });
  });

  describe('[LV41] as it stands', () => {
    const view: LiveView = { ...VIEW, engine: 'pathtrace', bounces: 2, samples: 12 };
    const standing = async (more: { version?: number; format?: 'jpeg' | 'png'; maxBytes?: number } = {}) => {
      const order = { key: 'one', version: 1, format: 'png', maxBytes: LIMITS.livePictureBytes, ...more } as const;
      const { result, bytes } = await page.client.call('standing', { view, quality: 85, exactFormat: 'png', ...order });
      return { result, bytes: Buffer.from(bytes) };
    };

    it('is all tiles until then, and what follows is drawn as if nobody had asked', { tags: ['heavy'] }, async () => {
      const canvas = new Canvas();
      let last = await slice(view, { format: 'png' });
      for (;;) {
        await canvas.put(last.result.tiles ?? [], last.bytes);
        const { result, bytes } = await standing();
        expect(result).toMatchObject({ samples: last.result.samples, isOver: last.result.isOver, codec: 'png' });
        expect((await decode(bytes)).data.equals(canvas.pixels)).toBe(true);
        if (last.result.isOver) break;
        last = await slice(view, { format: 'png' });
      }
      expect(canvas.pixels.equals(await framePixels(view))).toBe(true);
    });

    it('is none of another version, of a view that was forgotten, or before anything was shown', async () => {
      expect((await standing()).result).toBeNull();
      await slice(view, { mayShow: false, sliceMs: 0 });
      expect(await standing()).toMatchObject({ result: { samples: 0, isOver: false }, bytes: Buffer.alloc(0) });
      expect((await standing({ version: 2 })).result).toBeNull();
    });

    it('with loss where it is too large without, and then its last tiles come once more', async () => {
      const last = await refined(view);
      const asJpeg = await standing({ format: 'jpeg', maxBytes: 100 });
      expect(asJpeg.result).toMatchObject({ samples: 12, isOver: false, codec: 'jpeg' });
      const canvas = new Canvas();
      const again = await slice(view);
      await canvas.put(again.result.tiles ?? [], again.bytes);
      expect(again.result).toMatchObject({ samples: 12, isOver: true });
      expect(canvas.pixels.equals(last.canvas.pixels)).toBe(true);
    });
  });

  it('is over at last also where more rest than are kept at once, each with its samples drawn once', async () => {
    const view: LiveView = { ...VIEW, size: { widthPx: 16, heightPx: 16 }, samples: 4 };
    const keys = Array.from({ length: 70 }, (_, index) => `many ${index}`);
    const left = new Set(keys);
    const samples = new Map<string, number[]>();
    let waits = 0;
    while (left.size > 0) {
      for (const key of [...left]) {
        const { result } = await slice(view, { key });
        if (!result.hasRoom) waits += 1;
        else samples.set(key, [...(samples.get(key) ?? []), result.samples]);
        if (result.isOver) left.delete(key);
      }
      expect(waits).toBeLessThan(100);
    }
    expect(waits).toBeGreaterThan(0);
    for (const key of keys) {
      expect(samples.get(key)).toEqual([1, 2, 4]);
      await page.client.call('forget', { key });
    }
  });

  it('stops where nobody wants it any more, and lets live pictures through', async () => {
    const view: LiveView = { ...VIEW, engine: 'pathtrace', samples: LIMITS.frameSamples, bounces: 8 };
    const stop = new AbortController();
    const refining = page.client.call(
      'refine',
      {
        key: 'long',
        version: 1,
        sceneHash,
        view,
        backend: 'webgl',
        pose: POSE,
        format: 'jpeg',
        quality: 85,
        exactFormat: 'png',
        sliceMs: 100_000,
        mayShow: false,
        isFirstShown: false,
      },
      { signal: stop.signal },
    );
    const ended = expect(refining).rejects.toMatchObject({ code: 'attempt.stale' });
    const order = { sceneHash, view, size: SIZE, pose: POSE, format: 'jpeg', quality: 75, samples: 1 } as const;
    expect((await page.client.call('live', order)).bytes.length).toBeGreaterThan(0);
    stop.abort();
    await ended;
  });
});
