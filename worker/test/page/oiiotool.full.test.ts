/** Files of every format and bit depth, read back by OpenImageIO, which shares no code with Kiln. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BitDepth, IMAGE_FORMATS, ImageFormat, Pass, type RenderSettings } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { ExrWriter } from '../../src/page/encode/exr.ts';
import { joined, noise } from './encode/bytes.ts';
import { unlitSquare } from './glb.ts';
import { readPicture } from './read-file.ts';
import { TestPage } from './test-page.ts';

const run = promisify(execFile);
const hasTool = await run('oiiotool', ['--version']).then(
  () => true,
  () => false,
);

const FRONT: RenderSettings['camera'] = { position: [0, 0, 3], target: [0, 0, 0], fovDeg: 30 };
/** Linear light of sRGB level 128 of 255. */
const GREY = ((128 / 255 + 0.055) / 1.055) ** 2.4;

/** The names of a Cryptomatte's header with their ids, of what OpenImageIO tells of a file. */
function manifestOf(info: string, layer: string): Record<string, string> {
  const [, key = ''] = new RegExp(`(cryptomatte/[0-9a-f]{7})/name: "${layer}"`).exec(info) ?? [];
  const [, json = '{}'] = new RegExp(`${key}/manifest: "(.*)"`).exec(info) ?? [];
  return JSON.parse(json.replaceAll('\\"', '"'));
}

if (!hasTool) {
  test.skip('OpenImageIO: not run, because there is no oiiotool; install the package openimageio-tools', () => {});
} else {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kiln-oiio-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const tool = async (...args: string[]) => (await run('oiiotool', args)).stdout;
  const put = async (name: string, bytes: Uint8Array) => {
    const path = join(folder, name);
    await writeFile(path, bytes);
    return path;
  };
  /** All values of some channels, as OpenImageIO reads them: through a float TIFF that it writes uncompressed. */
  const valuesOf = async (path: string, channels: string) => {
    const copy = join(folder, 'copy.tif');
    await tool(path, '--ch', channels, '--chnames', 'R,G,B', '-d', 'float', '--compression', 'none', '-o', copy);
    return (await readPicture(await readFile(copy), 'tiff', 'float')).values;
  };

  describe('a frame of the page', () => {
    let page: TestPage;
    beforeAll(async () => {
      page = await TestPage.start();
    });
    afterAll(() => page?.close());

    const kinds = ImageFormat.enum.flatMap((format) =>
      BitDepth.enum
        .filter((depth) => IMAGE_FORMATS[format].bitDepths.includes(depth))
        .flatMap((depth) => [true, false].map((transparent) => [format, depth, transparent] as const)),
    );
    const pixelType = { 8: 'uint8', 16: 'uint16', half: 'half', float: 'float' } as const;

    it.each(kinds)('as %s of %s bits, transparent: %s', async (format, bitDepth, transparent) => {
      const { sceneHash } = await page.load({ 'scene.glb': unlitSquare([GREY, GREY, GREY]) });
      const background = transparent ? 'transparent' : 'neutral';
      const size = { widthPx: 70, heightPx: 50 };
      const { bytes } = await page.frame(sceneHash, { camera: FRONT, format, bitDepth, background, size }, 12);
      const path = await put(`frame.${IMAGE_FORMATS[format].extension}`, bytes);
      const info = await tool('--info', '-v', path);
      expect(info).toMatch(/70 x +50, [34] channel/);
      expect(info).toContain(pixelType[bitDepth]);
      // Linear light is grey × 1; a display's sRGB is 128 of 255.
      const linear = bitDepth === 'half' || bitDepth === 'float';
      const grey = await tool(path, '--cut', '1x1+35+25', '--printstats');
      const [, ...channels] = /Stats Avg: ([\d.]+) ([\d.]+) ([\d.]+)/.exec(grey) ?? [];
      const error = IMAGE_FORMATS[format].hasQuality ? 2 / 255 : 2 ** -11;
      expect(channels).toHaveLength(3);
      for (const value of channels) expect(Math.abs(Number(value) - (linear ? GREY : 128 / 255))).toBeLessThan(error);
      if (format === 'exr') {
        expect(info).toContain('channel list: R, G, B, A');
        expect(info).toContain('compression: "zip"');
        expect(info).toContain('chromaticities: 0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329');
        expect(info).toContain(`kiln:sceneHash: "${sceneHash}"`);
        expect(info).toContain('kiln:frameNumber: 12');
        expect(info).toMatch(/kiln:settings: "\{.*"format":"exr"/);
        const ours = await readPicture(bytes, format, bitDepth);
        const theirs = await valuesOf(path, 'R,G,B');
        expect([...theirs]).toEqual([...ours.values].filter((_, i) => i % 4 !== 3));
      }
      if (format === 'png') expect(info).toMatch(/Kiln: "\{"sceneHash"/);
      if (format === 'tiff') {
        expect(info).toMatch(/ImageDescription: "\{"sceneHash"/);
        expect(info).toContain(`profile_description: "${linear ? 'Linear sRGB' : 'sRGB'}"`);
      }
      if (format !== 'tiff' && format !== 'exr') expect(info).toContain('oiio:ColorSpace: "sRGB"');
    });
  });

  it('reads the passes of a frame', async () => {
    const page = await TestPage.start();
    try {
      const { sceneHash } = await page.load({ 'scene.glb': unlitSquare([GREY, GREY, GREY], { name: 'Grey' }) });
      const size = { widthPx: 71, heightPx: 51 };
      const passes = [...Pass.enum];
      const { bytes } = await page.frame(sceneHash, { camera: FRONT, format: 'exr', size, passes, samples: 2 });
      const path = await put('passes.exr', bytes);
      const info = await tool('--info', '-v', path);
      expect(info).toMatch(/71 x +51, 48 channel/);
      for (const name of ['R', 'A', 'albedo.R', 'emission.B', 'normal.Z']) expect(info).toContain(`${name} (half)`);
      for (const name of ['depth.Z', 'position.X', 'samples.Y', 'motion.Y', 'CryptoMaterial02.A'])
        expect(info).toContain(`${name} (float)`);
      for (const [layer, name] of [
        ['CryptoObject', 'Square'],
        ['CryptoMaterial', 'Grey'],
      ] as const) {
        const manifest = manifestOf(info, layer);
        expect(Object.keys(manifest)).toEqual([name]);
        const ids = await valuesOf(path, `${layer}00.R,${layer}00.G,${layer}00.B`);
        const square = (25 * 71 + 35) * 3;
        expect(ids[square]).toBe(Buffer.from(manifest[name] ?? '', 'hex').readFloatBE());
        expect([...ids.slice(square + 1, square + 3), ...ids.slice(0, 3)]).toEqual([1, 0, 0, 0, 0]);
      }
      const coverage = await valuesOf(path, 'CryptoObject00.G');
      expect([...coverage].filter((share) => share > 0 && share < 1).length).toBeGreaterThan(40);
      const depth = await page.frame(sceneHash, { camera: FRONT, format: 'png', size, passes: ['depth'] });
      const png = await tool('--info', '-v', await put('depth.png', depth.bytes));
      expect(png).toMatch(/71 x +51, 1 channel, uint16 png/);
      expect(png).toMatch(/\\?"pass\\?":\{\\?"name\\?":\\?"depth\\?",\\?"range/);
      const data = await valuesOf(path, 'depth.Z,normal.Z,samples.Y');
      expect([...data.slice(0, 3)]).toEqual([Math.fround(1e10), 0, 2]);
      const middle = (25 * 71 + 35) * 3;
      expect(Math.abs((data[middle] ?? 0) / 3 - 1)).toBeLessThan(1e-4);
      expect([...data.slice(middle + 1, middle + 3)]).toEqual([1, 2]);
    } finally {
      await page.close();
    }
  });

  it('finds the layers of an OpenEXR, each channel of its own type, with the values that were written', async () => {
    const size = { widthPx: 45, heightPx: 37 };
    const random = noise(5);
    const values = () => Float32Array.from({ length: 45 * 37 }, () => random() * 100 - 50);
    const channels = [
      { name: 'normal.X', type: 'float', values: values() },
      { name: 'normal.Y', type: 'float', values: values() },
      { name: 'normal.Z', type: 'float', values: values() },
      { name: 'depth.Z', type: 'float', values: values() },
      { name: 'R', type: 'half', values: values() },
      { name: 'id', type: 'uint', values: Uint32Array.from({ length: 45 * 37 }, (_, i) => i) },
    ] as const;
    const writer = new ExrWriter(size, channels);
    await writer.add(
      37,
      channels.map(({ values }) => ({ values, offset: 0, stride: 1 })),
    );
    const path = await put('layers.exr', joined(writer.finish()));
    expect(await tool('--info', '-v', path)).toMatch(
      /channel list: R \(half\), id \(uint\), depth.Z \(float\), normal.X \(float\), normal.Y \(float\), normal.Z \(float\)/,
    );
    const normals = await valuesOf(path, 'normal.X,normal.Y,normal.Z');
    const [x, y, z] = channels;
    expect([...normals]).toEqual([...x.values].flatMap((value, i) => [value, y.values[i], z.values[i]]));
  });
}
