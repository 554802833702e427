import { randomBytes } from 'node:crypto';
import { decodePicture, encodePicture, type PictureHeader } from '@kiln/shared';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { PatchedPicture } from '../../src/cli/live/patched-picture.ts';
import { pngOf, pngPixels } from '../../src/cli/live/png-pixels.ts';

const noise = (widthPx: number, heightPx: number, channels: 3 | 4) => {
  const data = randomBytes(widthPx * heightPx * channels);
  // Smooth in parts, so that a writer chooses each of its filters somewhere.
  for (let i = channels * 7; i < data.length / 2; i++) data[i] = ((data[i - channels] ?? 0) + 3) % 256;
  return { data, raw: { width: widthPx, height: heightPx, channels } };
};
const rgba = (png: Uint8Array) => sharp(png).ensureAlpha().raw().toBuffer();

test.each([
  [3, 1, 1],
  [3, 37, 23],
  [4, 64, 36],
] as const)('a PNG of %d channels, %d × %d, is read and written pixel for pixel', async (channels, width, height) => {
  const { data, raw } = noise(width, height, channels);
  for (const adaptiveFiltering of [true, false]) {
    const png = await sharp(data, { raw }).png({ adaptiveFiltering }).toBuffer();
    const pixels = pngPixels(png, width, height);
    expect(Buffer.from(pixels.data).equals(await rgba(png))).toBe(true);
    expect(Buffer.from(await rgba(pngOf(pixels))).equals(Buffer.from(pixels.data))).toBe(true);
  }
});

test('what is no such PNG is told', async () => {
  const { data, raw } = noise(16, 16, 3);
  const png = await sharp(data, { raw }).png().toBuffer();
  const broken: readonly [Uint8Array, RegExp][] = [
    [Buffer.from('no picture'), /is none/],
    [await sharp(data, { raw }).png({ palette: true }).toBuffer(), /of a kind/],
    [await sharp(data, { raw }).png({ progressive: true }).toBuffer(), /of a kind/],
    [await sharp(data, { raw }).resize(16, 8).png().toBuffer(), /another size/],
    [png.subarray(0, png.length - 60), /inflate|too early/],
  ];
  for (const [bytes, why] of broken) {
    expect(() => pngPixels(bytes, 16, 16)).toThrow(expect.objectContaining({ code: 'protocol.violation' }));
    expect(() => pngPixels(bytes, 16, 16)).toThrow(why);
  }
});

test('[LV30] tiles take their place in the picture before; of another size they are none of it', async () => {
  const size = { widthPx: 40, heightPx: 20 };
  const header: PictureHeader = {
    ...{ sequence: 1, input: 1, codec: 'png', moving: false, final: false, lastTile: true, better: false, samples: 1 },
    ...{ ...size, tile: { x: 0, y: 0, ...size }, depth: null, near: 0.1, far: 10 },
    pose: { position: [0, 0, 3], quaternion: [0, 0, 0, 1], fovDeg: 40 },
    stages: { inputWait: 0, draw: 0, readBack: 0, encode: 0, workerQueue: 0, relay: 0 },
    drawEndMs: 0,
  };
  const [whole, part] = [noise(40, 20, 3), noise(8, 6, 3)];
  const pngs = await Promise.all([whole, part].map(({ data, raw }) => sharp(data, { raw }).png().toBuffer()));
  const [wholePng = Buffer.alloc(0), partPng = Buffer.alloc(0)] = pngs;
  const tile = { x: 32, y: 14, widthPx: 8, heightPx: 6 };
  const picture = (more: Partial<PictureHeader>, colour: Uint8Array) =>
    decodePicture(encodePicture({ ...header, ...more }, colour));
  const patched = new PatchedPicture();
  expect(patched.png()).toBeNull();
  patched.take(picture({ better: true, tile }, partPng));
  expect(patched.png()).toBeNull();
  patched.take(picture({}, wholePng));
  patched.take(picture({ better: true, tile }, partPng));
  patched.take(picture({ better: true, tile, widthPx: 44 }, partPng));
  const wanted = await sharp(wholePng)
    .composite([{ input: partPng, left: 32, top: 14 }])
    .png()
    .toBuffer();
  expect((await rgba(patched.png() ?? Buffer.alloc(0))).equals(await rgba(wanted))).toBe(true);
});
