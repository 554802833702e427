/** How fast noise falls with samples that many workers draw: measured against a picture of 1,024. */
import type { RenderSettings } from '@kiln/shared';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dividedFrame } from './divided.ts';
import { readExrFile } from './exr-file.ts';
import { boxRoom } from './lit-scenes.ts';
import { TestPage } from './test-page.ts';

const SIZE = { widthPx: 48, heightPx: 27 };
/** In floats: the noise of 64 samples is a level or two of 8 bits. */
const ROOM: Partial<RenderSettings> = {
  engine: 'pathtrace',
  format: 'exr',
  bitDepth: 'float',
  size: SIZE,
  environment: 'none',
  camera: { position: [0, 0, 3.4], target: [0, 0, 0], fovDeg: 45 },
  bounces: 4,
};

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page?.close());

/** Linear light of all pixels, channel by channel. */
function lightIn(bytes: Uint8Array): number[] {
  const file = readExrFile(bytes);
  const { widthPx, heightPx } = SIZE;
  return ['R', 'G', 'B'].flatMap((channel) =>
    Array.from({ length: widthPx * heightPx }, (_, i) => file.value(channel, i % widthPx, Math.floor(i / widthPx))),
  );
}

function rootMeanSquareOf(light: readonly number[], truth: readonly number[]): number {
  const sum = light.reduce((total, value, i) => total + (value - (truth[i] ?? 0)) ** 2, 0);
  return Math.sqrt(sum / light.length);
}

it('four ranges of 16 samples are as near to 1,024 samples as 64 undivided, with half the error of 16', async () => {
  const { sceneHash } = await page.load({ 'room.glb': boxRoom() });
  const draw = async (samples: number) => lightIn((await page.frame(sceneHash, { ...ROOM, samples })).bytes);
  const division = { tiles: { columns: 1, rows: 1 }, sampleRanges: 4 };
  const merged = lightIn((await dividedFrame(page, sceneHash, { ...ROOM, samples: 64 }, { division })).bytes);
  const truth = await draw(1_024);
  const error = (light: readonly number[]) => rootMeanSquareOf(light, truth);
  const [ofMerged, ofWhole, ofSixteen] = [error(merged), error(await draw(64)), error(await draw(16))];
  expect(ofMerged / ofWhole).toBeGreaterThan(0.9);
  expect(ofMerged / ofWhole).toBeLessThan(1.1);
  expect(ofMerged / ofSixteen).toBeLessThan(0.5 * 1.05);
});
