/** What stands behind a scene: a colour that comes out as it was given. */
import type { Background, LiveView, RenderSettings } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readExrFile } from './exr-file.ts';
import { unlitSquare } from './glb.ts';
import { decode } from './pixels.ts';
import { TestPage } from './test-page.ts';

const COLOR: Background = '#3fa907';
const LEVELS = [0x3f, 0xa9, 0x07, 255];

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

async function picture(files: Uint8Array, settings: Partial<RenderSettings>) {
  const { sceneHash } = await page.load({ 'scene.glb': files });
  return page.frame(sceneHash, { background: COLOR, ...settings });
}

describe('a colour behind the scene', () => {
  it.each([
    ['none', 0],
    ['agx', 1.5],
    ['aces', -2],
  ] as const)('is exact with tone mapping %s and %d EV', async (toneMapping, exposureEv) => {
    const { bytes } = await picture(unlitSquare([1, 1, 1]), { toneMapping, exposureEv, samples: 2 });
    const { at } = await decode(bytes);
    expect(at(0, 0)).toEqual(LEVELS);
    expect(at(63, 63)).toEqual(LEVELS);
  });

  it('shows through what is half transparent, mixed as light', async () => {
    const half = await picture(unlitSquare([1, 0, 0, 0.5], { alphaMode: 'BLEND' }), { background: '#0000ff' });
    // Half the light of a display is its level 188.
    const [red = 0, green = 0, blue = 0, alpha] = (await decode(half.bytes)).middle;
    expect(alpha).toBe(255);
    expect(green).toBe(0);
    expect(Math.abs(red - 188)).toBeLessThanOrEqual(1);
    expect(Math.abs(blue - 188)).toBeLessThanOrEqual(1);
  });

  it('is its linear light in OpenEXR, opaque, without the exposure', async () => {
    const { bytes } = await picture(unlitSquare([1, 1, 1]), {
      background: '#ff8000',
      format: 'exr',
      bitDepth: 'float',
      exposureEv: 3,
    });
    const { value } = readExrFile(bytes);
    expect(value('R', 0, 0)).toBe(1);
    expect(value('G', 0, 0)).toBeCloseTo(0.2158605, 5);
    expect(value('B', 0, 0)).toBe(0);
  });

  it('is the same in the live view', async () => {
    const { sceneHash } = await page.load({ 'scene.glb': unlitSquare([1, 1, 1]) });
    const size = { widthPx: 64, heightPx: 64 };
    const look = { clip: null, fps: 24, toneMapping: 'aces', exposureEv: 1, background: COLOR } as const;
    const view: LiveView = { ...look, samples: 1, size, frameNumber: 0 };
    const pose = { position: [0, 0, 5] as [number, number, number], fovDeg: 60 };
    const quaternion: [number, number, number, number] = [0, 0, 0, 1];
    const order = { sceneHash, view, size, pose: { ...pose, quaternion }, quality: 80, samples: 1 };
    const { bytes } = await page.client.call('live', { ...order, format: 'png' });
    expect((await decode(bytes)).at(0, 0)).toEqual(LEVELS);
  });
});
