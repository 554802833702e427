/** Scenes that are converted, and what their pictures show. */
import type { ImportReport } from '@kiln/shared';
import sharp from 'sharp';
import { expect } from 'vitest';
import { decode, type Pixels } from './pixels.ts';
import { png } from './png.ts';
import type { SceneSource, TestPage } from './test-page.ts';

/** Imports a scene that must be taken, and draws it from the camera `camera`. */
export async function taken(
  page: TestPage,
  files: SceneSource,
  camera = 'auto',
  frameNumber = 0,
): Promise<{ report: ImportReport; picture: Pixels }> {
  const { result, sceneHash } = await page.import(files, 16);
  if (result.outcome === 'refused') throw new Error(`${result.refusal.code}: ${result.refusal.message}`);
  expect(result.isConverted).toBe(true);
  const settings = { camera, samples: 4, background: 'transparent' } as const;
  const { bytes } = await page.frame(sceneHash, settings, frameNumber);
  await page.client.call('unload', { sceneHash });
  return { report: result.report, picture: await decode(bytes) };
}

export const codes = ({ findings }: ImportReport) => findings.map(({ code }) => code);

/** Which of red, green and blue is the strongest by far; null where none is, or nothing is drawn. */
export function hueAt({ width, height, at }: Pixels, x: number, y: number): 'red' | 'green' | 'blue' | null {
  const [r = 0, g = 0, b = 0, a = 0] = at(Math.round(x * (width - 1)), Math.round(y * (height - 1)));
  if (a < 128) return null;
  const [most = 0, next = 0] = [r, g, b].toSorted((p, q) => q - p);
  if (most < next * 1.5 + 10) return null;
  return most === r ? 'red' : most === g ? 'green' : 'blue';
}

/** Red above blue. */
export const twoColors = async (format: 'png' | 'jpeg' | 'webp') => {
  const red = await png(16, 8, '#ff0000');
  const image = sharp(await png(16, 16, '#0000ff')).composite([{ input: red, left: 0, top: 0 }]);
  return image.toFormat(format, { quality: 100 }).toBuffer();
};

/** What is above and below the middle. */
export const upper = (picture: Pixels) => [hueAt(picture, 0.5, 0.4), hueAt(picture, 0.5, 0.6)];
