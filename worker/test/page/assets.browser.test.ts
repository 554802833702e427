/**
 * Files that jobs use beside their scene: environments and look-up tables.
 *
 * @module-tag heavy
 */
import type { RenderSettings } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dividedFrame } from './divided.ts';
import { readExrFile } from './exr-file.ts';
import { unlitSquare } from './glb.ts';
import { greyCard, rootMeanSquare } from './lit-scenes.ts';
import { cubeFile, exrFile, hdrFile } from './panorama-files.ts';
import { decode, samePixels } from './pixels.ts';
import { TestPage } from './test-page.ts';

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

async function picture(files: Uint8Array, settings: Partial<RenderSettings>) {
  const { sceneHash } = await page.load({ 'scene.glb': files });
  return decode((await page.frame(sceneHash, settings)).bytes);
}

async function refusal(name: string, bytes: Uint8Array | string) {
  const { result } = await page.import({ [name]: bytes });
  return result.outcome === 'refused' ? result.refusal : result;
}

const white = () => [1, 1, 1] as const;
const CLOSE: RenderSettings['camera'] = { position: [0, 0, 3], target: [0, 0, 0], fovDeg: 5 };
/** Looks past the square. */
const FRONT: RenderSettings['camera'] = { position: [0, 0, -3], target: [0, 1, -6], fovDeg: 20 };
/** Sees nothing but what stands around. */
const empty = unlitSquare([1, 0, 0]);

describe('an uploaded environment', () => {
  it.each([
    ['hdr', hdrFile({ light: white })],
    ['exr', exrFile({ width: 512, height: 256, light: white })],
  ])('of even white (%s) is the built-in white', async (_, bytes) => {
    const environment = await page.lend(bytes);
    const settings = { camera: CLOSE, background: 'environment', backgroundBlur: 0 } as const;
    const own = await picture(greyCard(), { ...settings, environment });
    const builtIn = await picture(greyCard(), { ...settings, environment: 'white' });
    expect(rootMeanSquare(own, builtIn)).toBeLessThan(0.1);
  });

  it('stands where its file says: −z at a quarter of its width, the sky above; and turns', async () => {
    const light = (x: number, y: number) => [x < 32 ? 1 : 0, y < 16 ? 1 : 0, 0] as const;
    const order = { width: 64, height: 32, light };
    const seen = async (bytes: Uint8Array, environmentRotationDeg: number) => {
      const environment = await page.lend(bytes);
      const camera = { position: [0, 0, -3], target: [0, 1, -6], fovDeg: 20 } as RenderSettings['camera'];
      const settings = { environment, background: 'environment', backgroundBlur: 0, camera } as const;
      return (await picture(empty, { ...settings, environmentRotationDeg })).middle;
    };
    for (const bytes of [hdrFile(order), exrFile(order)]) {
      expect(await seen(bytes, 0)).toEqual([255, 255, 0, 255]);
      expect(await seen(bytes, 180)).toEqual([0, 255, 0, 255]);
    }
  });

  it('says the same of half and compressed as of floats', async () => {
    const light = (x: number, y: number) => [x / 64, y / 32, (x ^ y) / 64] as const;
    const order = { width: 64, height: 32, light };
    const look = { camera: FRONT, background: 'environment', backgroundBlur: 0 } as const;
    const draw = async (more: object) =>
      picture(empty, { ...look, environment: await page.lend(exrFile({ ...order, ...more })) });
    expect(rootMeanSquare(await draw({ isHalf: true, isZips: true }), await draw({}))).toBe(0);
  });

  it('is converted from the primaries that it says', async () => {
    // Of Rec. 2020: what is 0.5, 0.25, 0.25 in Rec. 709.
    const light = () => [0.4069, 0.2672, 0.2541] as const;
    const chromaticities = [0.708, 0.292, 0.17, 0.797, 0.131, 0.046, 0.3127, 0.329];
    const look = { camera: FRONT, background: 'environment', backgroundBlur: 0, toneMapping: 'none' } as const;
    const wide = exrFile({ light, chromaticities });
    const drawn = (await picture(empty, { ...look, environment: await page.lend(wide) })).middle;
    for (const [c, level] of [188, 137, 137].entries())
      expect(Math.abs((drawn[c] ?? 0) - level)).toBeLessThanOrEqual(1);
    const { result } = await page.import({ 'wide.exr': wide });
    if (result.outcome !== 'ready') throw new Error(result.refusal.message);
    expect(result.report.findings.map(({ code }) => code)).toEqual(['CHROMATICITIES']);
  });

  it('is described, and what no half float holds is told', async () => {
    const light = (x: number) => [x === 0 ? 1e6 : 1, x === 1 ? -1 : 1, 1] as const;
    const { result, bytes } = await page.import({ 'sun.exr': exrFile({ light }) });
    if (result.outcome !== 'ready') throw new Error(result.refusal.message);
    const [texture] = result.report.textures;
    expect(texture).toMatchObject({ widthPx: 8, heightPx: 4, mediaType: 'image/x-exr', name: 'sun.exr (float, none)' });
    expect(result.report.findings.map(({ code }) => code)).toEqual(['NEGATIVE_LIGHT', 'LIGHT_CUT']);
    expect((await decode(bytes)).width).toBe(64);
  });

  it.each([
    ['text.hdr', 'no panorama', 'scene.unsupported_format', /neither Radiance HDR nor OpenEXR/],
    ['square.exr', exrFile({ width: 8, height: 8, light: white }), 'scene.invalid', /8 × 8.*twice as wide/],
    [
      'large.exr',
      exrFile({ light: white }, { width: 20_000, height: 10_000 }),
      'scene.texture_too_large',
      /20000 × 10000.*at most 8192 × 4096/,
    ],
    [
      'nan.exr',
      exrFile({ light: (x, y) => [x === 3 && y === 1 ? Number.NaN : 1, 1, 1] }),
      'scene.invalid',
      /1 pixel .*column 3, row 1/,
    ],
    ['infinite.exr', exrFile({ light: (x) => [1, x > 5 ? Infinity : 1, 1] }), 'scene.invalid', /8 pixels/],
    ['deep.exr', exrFile({ light: white }, { flags: 0x800 }), 'scene.unsupported_format', /deep/],
    [
      'tiles.exr',
      exrFile({ light: white }, { flags: 0x200, compression: 8 }),
      'scene.unsupported_format',
      /DWAA in tiles/,
    ],
    ['odd.exr', exrFile({ light: white }, { compression: 77 }), 'scene.unsupported_format', /77/],
    ['short.exr', exrFile({ light: white }).subarray(0, 500), 'scene.bad_container', /cannot be decoded/],
    ['short.hdr', hdrFile({ light: white }).subarray(0, 80), 'scene.bad_container', /cannot be decoded|not all/],
  ] as const)('is refused: %s', async (name, bytes, code, message) => {
    expect(await refusal(name, bytes)).toMatchObject({ code, message: expect.stringMatching(message), pointer: name });
  });
});

describe('a look-up table', () => {
  const settings = { environment: 'sunset', background: 'environment', toneMapping: 'agx' } as const;
  const through = async (table: string, more: Partial<RenderSettings> = {}) =>
    picture(greyCard(), { ...settings, lut: await page.lend(Buffer.from(table)), ...more });
  const identity = cubeFile(5, (r, g, b) => [r, g, b]);
  const inverting = cubeFile(2, (r, g, b) => [1 - r, 1 - g, 1 - b]);

  it('of identity changes nothing, of one dimension or three', async () => {
    const plain = await picture(greyCard(), settings);
    expect(rootMeanSquare(await through(identity), plain)).toBeLessThan(0.05);
    expect(rootMeanSquare(await through('LUT_1D_SIZE 2\n0 0 0\n1 1 1\n'), plain)).toBeLessThan(0.05);
  });

  it('that inverts gives the negative of what a display shows', async () => {
    const plain = await picture(greyCard(), settings);
    for (const table of [inverting, 'LUT_1D_SIZE 2\n1 1 1\n0 0 0\n']) {
      const negative = {
        ...plain,
        data: Buffer.from(plain.data.map((level, i) => (i % 4 === 3 ? level : 255 - level))),
      };
      expect(rootMeanSquare(await through(table), negative)).toBeLessThan(0.3);
    }
  });

  it('takes channels apart, in the order red, green, blue, and between entries', async () => {
    const swap = cubeFile(3, (r, g, b) => [g, b, r]);
    const square = unlitSquare([1, 0.2, 0.05]);
    const [r, g, b] = (await picture(square, { toneMapping: 'none' })).middle;
    const { middle } = await picture(square, { toneMapping: 'none', lut: await page.lend(Buffer.from(swap)) });
    expect(middle).toEqual([g, b, r, 255]);
  });

  it('spans its domain: what lies beyond is its edge', async () => {
    const half = cubeFile(2, (r, g, b) => [r, g, b], 'DOMAIN_MIN 0 0 0\nDOMAIN_MAX 0.5 0.5 0.5');
    const lut = await page.lend(Buffer.from(half));
    const { middle } = await picture(unlitSquare([1, 0.05, 0]), { toneMapping: 'none', lut });
    const [, plain = 0] = (await picture(unlitSquare([1, 0.05, 0]), { toneMapping: 'none' })).middle;
    expect(middle[0]).toBe(255);
    expect(Math.abs((middle[1] ?? 0) - plain * 2)).toBeLessThanOrEqual(1);
  });

  it('leaves a colour as the background, and linear light, as they are', async () => {
    const { at, middle } = await through(inverting, { background: '#102030', camera: { ...CLOSE, fovDeg: 150 } });
    expect(at(0, 0)).toEqual([16, 32, 48, 255]);
    expect(middle).not.toEqual([16, 32, 48, 255]);
    const { sceneHash } = await page.load({ 'scene.glb': greyCard() });
    const exr = { ...settings, format: 'exr', camera: CLOSE, bitDepth: 'float' } as const;
    const plain = readExrFile((await page.frame(sceneHash, exr)).bytes);
    const lut = await page.lend(Buffer.from(inverting));
    const other = readExrFile((await page.frame(sceneHash, { ...exr, lut })).bytes);
    expect(other.value('R', 9, 9)).toBe(plain.value('R', 9, 9));
  });

  it('looks the same, with an environment and a sun, in a frame that is made of parts', async () => {
    const { sceneHash } = await page.load({ 'scene.glb': greyCard() });
    const environment = await page.lend(hdrFile({ light: (x) => [x / 8, 0.5, 1] }));
    const lut = await page.lend(Buffer.from(inverting));
    for (const sun of [null, { elevationDeg: 50, azimuthDeg: 200, turbidity: 3 }]) {
      const look = { environment, lut, sun, background: 'environment', toneMapping: 'agx', samples: 32 } as const;
      const whole = await page.frame(sceneHash, look);
      const division = { tiles: { columns: 1, rows: 1 }, sampleRanges: 2 };
      expect(await samePixels((await dividedFrame(page, sceneHash, look, { division })).bytes, whole.bytes)).toBe(true);
    }
  });

  it('is described', async () => {
    const { result, bytes } = await page.import({ 'look.cube': identity });
    if (result.outcome !== 'ready') throw new Error(result.refusal.message);
    expect(result.report.generator).toBe('3D look-up table, 5³ entries');
    expect((await decode(bytes)).width).toBe(64);
  });

  it.each([
    ['nothing', '# nothing\n', /line 2: it names neither/],
    ['too large', 'LUT_3D_SIZE 66\n', /line 1: its size must be a whole number from 2 to 65, it is 66/],
    [
      'short',
      `${cubeFile(2, () => [0, 0, 0])
        .split('\n')
        .slice(0, 9)
        .join('\n')}`,
      /ends after 7 of 8/,
    ],
    ['long', `${cubeFile(2, () => [0, 0, 0])}0 0 0\n`, /line 11: there are more than 8 entries/],
    ['no numbers', 'LUT_1D_SIZE 2\n0 0 0\n1 x 1\n', /line 3: expected 3 numbers, got "1 x 1"/],
    ['two numbers', 'LUT_1D_SIZE 2\n0 0\n', /line 2: expected 3 numbers/],
    ['infinite', 'LUT_1D_SIZE 2\n0 0 1e999\n', /line 2: expected 3 numbers/],
    ['garbage', '\u0001\u0002PNG\n', /line 1: .* is no keyword/],
    ['empty domain', 'LUT_1D_SIZE 2\nDOMAIN_MIN 1 1 1\n0 0 0\n1 1 1\n', /domain is empty/],
    ['both kinds', 'LUT_1D_SIZE 2\nLUT_3D_SIZE 2\n', /line 2: it has a size already/],
  ])('is refused: %s', async (_, text, message) => {
    expect(await refusal('look.cube', text)).toMatchObject({
      code: 'scene.invalid',
      message: expect.stringMatching(message),
    });
  });
});
