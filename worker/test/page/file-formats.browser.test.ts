/** Frames in every file format and bit depth, read back by programs that are not ours: sharp, and three's EXRLoader. */
import { BitDepth, frameFlags, IMAGE_FORMATS, ImageFormat, type RenderSettings } from '@kiln/shared';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PAGE_LIMITS } from '../../src/page/limits.ts';
import { GltfBuilder, unlitSquare } from './glb.ts';
import { readPicture } from './read-file.ts';
import { TestPage } from './test-page.ts';

const FRONT: RenderSettings['camera'] = { position: [0, 0, 3], target: [0, 0, 0], fovDeg: 30 };
/** Linear light of sRGB level 128 of 255: a 50 % grey. */
const GREY = ((128 / 255 + 0.055) / 1.055) ** 2.4;
const KINDS = ImageFormat.enum.flatMap((format) =>
  BitDepth.enum
    .filter((depth) => IMAGE_FORMATS[format].bitDepths.includes(depth))
    .map((depth) => [format, depth] as const),
);

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

async function frame(scene: Uint8Array, settings: Partial<RenderSettings>, frameNumber = 0) {
  const { sceneHash } = await page.load({ 'scene.glb': scene });
  const { bytes, result } = await page.frame(sceneHash, { camera: FRONT, ...settings }, frameNumber);
  return { sceneHash, bytes, ...result };
}

/** A square of 2 whose unlit light goes from one value at the left to another at the right. */
function colored([left, right]: readonly [number, number]): Uint8Array {
  const gltf = new GltfBuilder();
  const position = gltf.accessor(Float32Array.of(-1, -1, 0, 1, -1, 0, 1, 1, 0, -1, 1, 0), 'VEC3');
  const corners = [left, right, right, left].flatMap((light) => [light, light, light, 1]);
  const color = gltf.accessor(Float32Array.from(corners), 'VEC4');
  const indices = gltf.accessor(Uint16Array.of(0, 1, 2, 0, 2, 3), 'SCALAR');
  const attributes = { POSITION: position, COLOR_0: color };
  gltf.meshes.push({ primitives: [{ attributes, indices, material: gltf.unlit([1, 1, 1]) }] });
  gltf.node({ mesh: 0 });
  return gltf.build();
}

it('gives a large file to Node in parts: the same bytes as in a message', async () => {
  const { sceneHash } = await page.load({ 'scene.glb': colored([0, 1]) });
  // Places are numbers that do not compress.
  const camera: RenderSettings['camera'] = { position: [1, 1, 1], target: [0, 0, 0], fovDeg: 20 };
  const settings = { size: { widthPx: 1_280, heightPx: 720 }, format: 'exr', bitDepth: 'float' } as const;
  const passes: RenderSettings['passes'] = ['beauty', 'position', 'depth'];
  const { bytes, result } = await page.frame(sceneHash, { ...settings, camera, passes });
  expect(bytes.length).toBeGreaterThan(PAGE_LIMITS.messageBufferBytes);
  const { answer, file } = await page.frameInParts(sceneHash, { ...settings, camera, passes });
  expect(answer.bytes.length).toBe(0);
  expect(file?.sizeBytes).toBe(bytes.length);
  expect(file?.sha256).toBe(result.sha256);
  expect(answer.result.statistics).toEqual(result.statistics);
});

describe.each(KINDS)('%s of %s bits', (format, bitDepth) => {
  const linear = bitDepth === 'half' || bitDepth === 'float';

  it('shows a 50 % grey as a 50 % grey, also with alpha', async () => {
    for (const background of ['neutral', 'transparent'] as const) {
      const { bytes, mediaType } = await frame(unlitSquare([GREY, GREY, GREY]), { format, bitDepth, background });
      expect(mediaType).toBe(IMAGE_FORMATS[format].mediaType);
      const { middle } = await readPicture(bytes, format, bitDepth);
      const wanted = linear ? GREY : 128 / 255;
      // What loses may be two levels beside; the light itself is a half float.
      const error = IMAGE_FORMATS[format].hasQuality ? 2 / 255 : 2 ** -11;
      for (const value of middle.slice(0, 3)) expect(Math.abs(value - wanted)).toBeLessThanOrEqual(error);
      if (background === 'transparent' && IMAGE_FORMATS[format].hasAlpha) expect(middle[3]).toBe(1);
    }
  });

  it('keeps what is half transparent: straight where a display shows it, associated where it is light', async () => {
    if (!IMAGE_FORMATS[format].hasAlpha) return;
    const scene = unlitSquare([1, 0.5, 0.25, 0.5], { alphaMode: 'BLEND' });
    const { bytes } = await frame(scene, { format, bitDepth, background: 'transparent' });
    const { middle } = await readPicture(bytes, format, bitDepth);
    // sharp divides by associated alpha.
    const wanted =
      format === 'exr' ? [0.5, 0.25, 0.125, 0.5] : linear ? [1, 0.5, 0.25, 0.5] : [1, 188 / 255, 137 / 255, 128 / 255];
    const error = IMAGE_FORMATS[format].hasQuality ? 4 / 255 : 2 / 255;
    const errors = middle.map((value, i) => Math.abs(value - (wanted[i] ?? 0)));
    expect(Math.max(...errors)).toBeLessThanOrEqual(error);
  });

  it('is the same file each time, and another for another frame', async () => {
    const scene = unlitSquare([0.3, 0.6, 0.9]);
    const settings = { format, bitDepth, samples: 3 };
    const first = await frame(scene, settings);
    expect((await frame(scene, settings)).bytes.equals(first.bytes)).toBe(true);
    expect((await frame(scene, settings, 1)).sha256).not.toBe(first.sha256);
  });

  it('says what it is of: scene, frame, settings, and which Kiln made it', async () => {
    const { bytes, sceneHash } = await frame(unlitSquare([1, 1, 1]), { format, bitDepth, exposureEv: -0.125 }, 7);
    const text = Buffer.from(bytes).toString('latin1').replaceAll('&#34;', '"');
    expect(text).toContain(sceneHash);
    expect(text).toMatch(/Kiln \d+\.\d+\.\d+/);
    expect(text).toContain('"exposureEv":-0.125');
    expect(text).toContain(`"bitDepth":${JSON.stringify(bitDepth)}`);
    if (format === 'exr' || format === 'tiff') return;
    const { xmp, comments } = await sharp(bytes).metadata();
    if (format === 'png')
      expect(comments?.map(({ keyword }) => keyword)).toEqual(expect.arrayContaining(['Software', 'Kiln']));
    else if (format !== 'avif') expect(xmp?.toString()).toContain('kiln:frameNumber="7"');
  });

  it('is tagged with its colour space', async () => {
    const { bytes } = await frame(unlitSquare([1, 1, 1]), { format, bitDepth });
    const text = Buffer.from(bytes).toString('latin1');
    if (format === 'exr') expect(text).toContain('chromaticities\0chromaticities\0');
    else if (format === 'png') expect(text).toContain('sRGB\0');
    // BT.709, sRGB, BT.601, full range.
    else if (format === 'avif') expect(text).toContain('colrnclx\0\u0001\0\u000d\0\u0006\u0080');
    else expect((await sharp(bytes).metadata()).icc?.length).toBeGreaterThan(300);
  });
});

describe('depth', () => {
  const levels = async (format: ImageFormat, bitDepth: BitDepth) => {
    const { bytes } = await frame(colored([0, 1]), { format, bitDepth, size: { widthPx: 512, heightPx: 512 } });
    return new Set((await readPicture(bytes, format, bitDepth)).values).size;
  };

  it.each([
    ['png', 16],
    ['tiff', 16],
    ['tiff', 'float'],
    ['exr', 'half'],
    ['exr', 'float'],
  ] as const)('%s of %s bits has more than 256 levels', async (format, bitDepth) => {
    expect(await levels(format, bitDepth)).toBeGreaterThan(256);
    expect(await levels('png', 8)).toBeLessThanOrEqual(256);
  });
});

describe('what is no number', () => {
  it.each(KINDS)('is counted, and black, in %s of %s bits', async (format, bitDepth) => {
    for (const background of ['neutral', 'transparent'] as const) {
      const { bytes, statistics } = await frame(colored([Number.NaN, Number.NaN]), { format, bitDepth, background });
      expect(statistics?.nanCount).toBeGreaterThan(1_000);
      const { middle } = await readPicture(bytes, format, bitDepth);
      const alpha = background === 'transparent' && IMAGE_FORMATS[format].hasAlpha ? 0 : 1;
      expect(middle).toEqual(middle.map((_, channel) => (channel === 3 ? alpha : 0)));
    }
  });

  it.each(KINDS)('a picture without light is all black in %s of %s bits', async (format, bitDepth) => {
    const camera: RenderSettings['camera'] = { position: [0, 0, 0.4], target: [0, 0, 0], fovDeg: 30 };
    const { statistics } = await frame(unlitSquare([0, 0, 0]), { format, bitDepth, camera });
    expect(frameFlags(statistics)).toEqual(['black']);
  });
});

describe('linear light', () => {
  it('is exposed, not tone mapped, and may be brighter than white', async () => {
    for (const toneMapping of ['agx', 'none'] as const) {
      const settings = { format: 'exr', bitDepth: 'float', toneMapping, exposureEv: 3, samples: 2 } as const;
      const { bytes, statistics } = await frame(unlitSquare([0.5, 1, 0.25]), settings);
      expect((await readPicture(bytes, 'exr', 'float')).middle).toEqual([4, 8, 2, 1]);
      expect(statistics).toMatchObject({ max: 8, nanCount: 0 });
    }
  });

  it('is in a float file the mean of the samples exactly, in a half file the nearest half', async () => {
    const settings = { format: 'exr', size: { widthPx: 64, heightPx: 64 } } as const;
    const tilted = new GltfBuilder();
    tilted.node({ mesh: tilted.square(tilted.unlit([0.3, 0.7, 1])), rotation: [0, 0, 0.1, 0.995] });
    const scene = tilted.build();
    const one = await readPicture((await frame(scene, { ...settings, bitDepth: 'float' })).bytes, 'exr', 'float');
    // One sample is made of half floats: both files hold it exactly.
    expect(
      (await readPicture((await frame(scene, { ...settings, bitDepth: 'half' })).bytes, 'exr', 'half')).values,
    ).toEqual(one.values);
    const floats = await readPicture(
      (await frame(scene, { ...settings, samples: 3, bitDepth: 'float' })).bytes,
      'exr',
      'float',
    );
    const halves = await readPicture(
      (await frame(scene, { ...settings, samples: 3, bitDepth: 'half' })).bytes,
      'exr',
      'half',
    );
    expect(floats.values).not.toEqual(halves.values);
    const worst = floats.values.map(
      (value, i) => Math.abs(value - (halves.values[i] ?? 0)) / Math.max(value, 2 ** -14),
    );
    expect(Math.max(...worst)).toBeLessThanOrEqual(2 ** -11);
  });

  it('has the neutral background at its level, whatever the tone mapping', async () => {
    for (const toneMapping of ['agx', 'neutral'] as const) {
      const { bytes } = await frame(unlitSquare([1, 0, 0]), { format: 'exr', bitDepth: 'float', toneMapping });
      const { values } = await readPicture(bytes, 'exr', 'float');
      for (const value of values.subarray(0, 3)) expect(value).toBeCloseTo(((150 / 255 + 0.055) / 1.055) ** 2.4, 3);
    }
  });
});
