/**
 * What stands around a scene and lights it.
 *
 * @module-tag heavy
 */
import type { ImportReport, LiveView, Pose, RenderSettings } from '@kiln/shared';
import {
  CubeTexture,
  DataTexture,
  EquirectangularReflectionMapping,
  FloatType,
  LinearSRGBColorSpace,
  SRGBColorSpace,
  Texture,
} from 'three';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codes, hueAt } from './converted.ts';
import { unlitSquare } from './glb.ts';
import { greyCard, rootMeanSquare } from './lit-scenes.ts';
import { cardJson, imageLitCard, redAndBlue, urlOf } from './own-environments.ts';
import { decode, lightOf } from './pixels.ts';
import { png } from './png.ts';
import { TestPage } from './test-page.ts';

const POSE: Pose = { position: [0.5, 0.2, 3], quaternion: [0, 0, 0, 1], fovDeg: 30 };
const VIEW: LiveView = {
  samples: 1,
  clip: null,
  fps: 24,
  toneMapping: 'neutral',
  exposureEv: 0,
  background: 'neutral',
  size: { widthPx: 64, heightPx: 64 },
  frameNumber: 0,
};

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

async function picture(files: Uint8Array, settings: Partial<RenderSettings>) {
  const { sceneHash } = await page.load({ 'scene.glb': files });
  const { result, bytes } = await page.frame(sceneHash, settings);
  return { ...result, pixels: await decode(bytes) };
}

describe('environments', () => {
  const CLOSE: RenderSettings['camera'] = { position: [0, 0, 3], target: [0, 0, 0], fovDeg: 5 };

  it('white lights a card with its intensity, and none leaves it black', async () => {
    for (const [environmentIntensity, level] of [
      [1, 0.5],
      [0.5, 0.25],
    ] as const) {
      const { pixels } = await picture(greyCard(), { camera: CLOSE, environment: 'white', environmentIntensity });
      expect(lightOf(pixels.middle[0] ?? 0)).toBeCloseTo(level, 1.7);
    }
    expect((await picture(greyCard(), { camera: CLOSE, environment: 'none' })).pixels.middle).toEqual([0, 0, 0, 255]);
  });

  it('turn: what was behind stands in front after half a turn', async () => {
    const empty = unlitSquare([1, 0, 0]);
    const seen = async (z: number, environmentRotationDeg: number) => {
      const camera: RenderSettings['camera'] = { position: [0, 0, z], target: [0, 0, z * 2], fovDeg: 60 };
      const settings = { environment: 'venice', background: 'environment', camera, environmentRotationDeg } as const;
      return (await picture(empty, settings)).pixels;
    };
    const ahead = await seen(-3, 0);
    expect(rootMeanSquare(await seen(3, 180), ahead)).toBeLessThan(3);
    expect(rootMeanSquare(await seen(3, 0), ahead)).toBeGreaterThan(10);
  });

  it('are sharp or out of focus behind the scene, as asked', async () => {
    const settings = { environment: 'forest', background: 'environment', camera: { ...CLOSE, fovDeg: 90 } } as const;
    const contrast = async (backgroundBlur: number) => {
      const camera: RenderSettings['camera'] = { position: [0, 0, -3], target: [0, 0, -6], fovDeg: 90 };
      const { pixels } = await picture(unlitSquare([1, 0, 0]), { ...settings, camera, backgroundBlur });
      let sum = 0;
      for (let i = 4; i < pixels.data.length; i += 4)
        sum += Math.abs((pixels.data[i] ?? 0) - (pixels.data[i - 4] ?? 0));
      return sum;
    };
    expect(await contrast(0.5)).toBeLessThan((await contrast(0)) / 2);
  });

  // All of them: environments.full.test.ts.
  it.each(['studio', 'white', 'park'] as const)('%s lights a scene, without burning it out', async (name) => {
    const { pixels, statistics } = await picture(greyCard(), { camera: CLOSE, environment: name });
    expect(statistics?.nanCount).toBe(0);
    const [red = 0, green = 0, blue = 0] = pixels.middle;
    expect(Math.max(red, green, blue)).toBeGreaterThan(40);
    expect(Math.min(red, green, blue)).toBeLessThan(250);
  });

  it('[LV27] the light of a live view is that of a job of the same settings', async () => {
    const { sceneHash } = await page.load({ 'scene.glb': greyCard() });
    const look = { environment: 'sunset', environmentRotationDeg: 40, environmentIntensity: 2 } as const;
    const size = { widthPx: 64, heightPx: 64 };
    const view = { ...VIEW, ...look, size, background: 'environment' } as const;
    const order = { sceneHash, view, size, pose: POSE, format: 'png', quality: 80, samples: 1 } as const;
    const live = await page.client.call('live', order);
    const camera: RenderSettings['camera'] = {
      position: POSE.position,
      target: [POSE.position[0], POSE.position[1], 0],
      fovDeg: POSE.fovDeg,
    };
    const { toneMapping, exposureEv, fps } = VIEW;
    const job = await page.frame(sceneHash, {
      ...look,
      size,
      camera,
      background: 'environment',
      toneMapping,
      exposureEv,
      fps,
    });
    expect(rootMeanSquare(await decode(live.bytes), await decode(job.bytes))).toBe(0);
    const plain = await page.client.call('live', { ...order, view: { ...VIEW, size, background: 'environment' } });
    expect(rootMeanSquare(await decode(live.bytes), await decode(plain.bytes))).toBeGreaterThan(5);
  });
});

const CARD: RenderSettings['camera'] = { position: [0, 0, 3], target: [0, 0, 0], fovDeg: 5 };
/** Past the card, to where its light comes from. */
const BEHIND: RenderSettings['camera'] = { position: [0, 0, 3], target: [0, 0, 6], fovDeg: 30 };
const SEEN = { environment: 'scene', background: 'environment', backgroundBlur: 0 } as const;

async function imported(path: string, bytes: Uint8Array | string) {
  const { result, sceneHash } = await page.import({ [path]: bytes }, 16);
  if (result.outcome === 'refused') throw new Error(`${result.refusal.code}: ${result.refusal.message}`);
  const { report }: { report: ImportReport } = result;
  const drawn = async (settings: Partial<RenderSettings>) =>
    decode((await page.frame(sceneHash, { size: { widthPx: 16, heightPx: 16 }, camera: CARD, ...settings })).bytes);
  return { report, drawn };
}

describe('the environment of three.js JSON', () => {
  it('lights a white card red, of an equirectangular image, with its intensity', async () => {
    const json = cardJson(
      (scene) => {
        scene.environment = new Texture();
        scene.environment.mapping = EquirectangularReflectionMapping;
        scene.environment.colorSpace = SRGBColorSpace;
        scene.environmentIntensity = 0.5;
      },
      [await urlOf('#ff0000')],
    );
    const { report, drawn } = await imported('app.json', json);
    expect(report.environment).toEqual({ widthPx: 512, heightPx: 256 });
    expect(codes(report)).toEqual([]);
    const lit = await drawn({ environment: 'scene' });
    expect(hueAt(lit, 0.5, 0.5)).toBe('red');
    expect(lightOf(lit.middle[0] ?? 0)).toBeCloseTo(0.5, 1);
    expect(lightOf((await drawn({ ...SEEN, camera: BEHIND })).middle[0] ?? 0)).toBeCloseTo(0.5, 1.5);
    const half = await drawn({ ...SEEN, camera: BEHIND, environmentIntensity: 0.5 });
    expect(lightOf(half.middle[0] ?? 0)).toBeCloseTo(0.25, 1.5);
    // What jobs have by default stays the studio.
    expect(hueAt(await drawn({}), 0.5, 0.5)).toBeNull();
  });

  it('is the background where it has no other, of a cube, turned as it is there and by the job', async () => {
    const [red, green, blue] = await Promise.all([urlOf('#ff0000'), urlOf('#00ff00'), urlOf('#0000ff')]);
    const json = cardJson(
      (scene) => {
        scene.background = new CubeTexture();
        scene.background.colorSpace = SRGBColorSpace;
        scene.backgroundRotation.y = Math.PI / 2;
      },
      // Three's cubes are seen from inside: what is left of them is at +x.
      [[green, blue, blue, blue, red, blue]],
    );
    const { report, drawn } = await imported('app.json', json);
    expect(report.environment).toEqual({ widthPx: 512, heightPx: 256 });
    expect(codes(report)).toEqual(['BACKGROUND_AS_ENVIRONMENT']);
    const toward = (x: number, z: number): RenderSettings['camera'] => ({
      position: [x * 9, 0, z * 9],
      target: [x * 20, 0, z * 20],
      fovDeg: 30,
    });
    const seen = async (x: number, z: number, environmentRotationDeg = 0) =>
      hueAt(await drawn({ ...SEEN, camera: toward(x, z), environmentRotationDeg }), 0.5, 0.5);
    // Without turning, +z is red and -x is green; a quarter brings +z to +x and -x to +z.
    expect([await seen(1, 0), await seen(0, 1), await seen(-1, 0)]).toEqual(['red', 'green', 'blue']);
    expect(await seen(0, 1, -90)).toBe('red');
  });

  it('keeps more light than a display shows, of pixels in the file, up where it is up', async () => {
    const json = cardJson((scene) => {
      // The first row of a texture is the lowest.
      const data = Float32Array.of(0, 0, 1, 1, 0, 0, 1, 1, 4, 0, 0, 1, 4, 0, 0, 1);
      const texture = new DataTexture(data, 2, 2, undefined, FloatType, EquirectangularReflectionMapping);
      texture.colorSpace = LinearSRGBColorSpace;
      scene.environment = texture;
    });
    const { drawn } = await imported('app.json', json);
    const up: RenderSettings['camera'] = { position: [0, 9, 0], target: [0, 20, 0.01], fovDeg: 30 };
    const seen = await drawn({ ...SEEN, camera: up, exposureEv: -3 });
    expect(hueAt(seen, 0.5, 0.5)).toBe('red');
    expect(lightOf(seen.middle[0] ?? 0)).toBeCloseTo(0.5, 1.5);
  });

  it('is said to be lost where it cannot be carried', async () => {
    const json = cardJson(
      (scene) => {
        scene.environment = new Texture();
        scene.environment.mapping = EquirectangularReflectionMapping;
      },
      ['nowhere.png'],
    );
    const { report, drawn } = await imported('app.json', json);
    expect(report.environment).toBeUndefined();
    expect(codes(report)).toEqual(['MISSING_IMAGE', 'ENVIRONMENT_LOST']);
    await expect(drawn({ environment: 'scene' })).rejects.toMatchObject({ code: 'job.unsupported' });
  });
});

describe('EXT_lights_image_based', () => {
  const lit = (...card: Parameters<typeof imageLitCard>) => imported('scene.glb', imageLitCard(...card));

  it('lights a card by its images, turned, with the light that their alpha divides', async () => {
    const dark = await png(8, 8, '#000000');
    const faces = [dark, dark, dark, dark, await redAndBlue(), dark];
    const { report, drawn } = await lit(faces, { intensity: 0.5 });
    expect(report.environment).toEqual({ widthPx: 512, heightPx: 256 });
    expect(
      report.findings.filter(({ severity, pointer }) => severity === 'warning' || pointer?.startsWith('/images')),
    ).toEqual([]);
    const [red = 0, , blue = 0] = (await drawn({ environment: 'scene' })).middle;
    expect(red).toBeGreaterThan(blue + 20);
    // Its first row is the lowest.
    const seen = await drawn({ ...SEEN, camera: BEHIND });
    expect([hueAt(seen, 0.5, 0.1), hueAt(seen, 0.5, 0.9)]).toEqual(['blue', 'red']);
    const { at } = await drawn({ ...SEEN, camera: BEHIND, exposureEv: -1 });
    expect(lightOf(at(8, 14)[0] ?? 0)).toBeCloseTo(0.5, 1.5);
    expect(lightOf(at(8, 1)[2] ?? 0)).toBeCloseTo(0.25, 1.5);
    const away = await lit(faces, { rotation: [0, 1, 0, 0] });
    expect((await away.drawn({ environment: 'scene' })).middle[0]).toBeLessThan(10);
  });

  it('is not used where its images are wrong, and the import says so', async () => {
    const [dark, other] = await Promise.all([png(8, 8, '#000000'), png(4, 4, '#000000')]);
    const { report } = await lit([dark, dark, dark, dark, dark, other]);
    expect(report.environment).toBeUndefined();
    expect(report.findings[0]).toMatchObject({ code: 'ENVIRONMENT_UNUSABLE', severity: 'warning' });
    // The header is right, the picture is not there.
    const damaged = Buffer.from(dark);
    const data = damaged.indexOf('IDAT') + 4;
    damaged.fill(0, data, data + damaged.readUInt32BE(data - 8));
    expect(codes((await lit([dark, dark, dark, dark, dark, damaged])).report)).toContain('ENVIRONMENT_UNUSABLE');
  });

  it('is refused where the scene has none', async () => {
    const { report, drawn } = await imported('scene.glb', greyCard());
    expect(report.environment).toBeUndefined();
    await expect(drawn({ environment: 'scene' })).rejects.toMatchObject({ code: 'job.unsupported' });
  });
});
