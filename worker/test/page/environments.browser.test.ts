/** What stands around a scene and lights it. */
import type { LiveView, Pose, RenderSettings } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unlitSquare } from './glb.ts';
import { greyCard, rootMeanSquare } from './lit-scenes.ts';
import { decode, lightOf } from './pixels.ts';
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
