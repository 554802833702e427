/**
 * Passes that are files of their own: what is in them, and what they say of themselves.
 *
 * @module-tag heavy
 */
import { createHash } from 'node:crypto';
import type { PassFile, RenderSettings } from '@kiln/shared';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readExrFile } from './exr-file.ts';
import { GltfBuilder } from './glb.ts';
import { readPicture } from './read-file.ts';
import { TestPage } from './test-page.ts';

const SIZE = { widthPx: 32, heightPx: 16 };
/** The left half of the picture is a slope that goes away from the camera, the right half nothing. */
const FLAT: RenderSettings['camera'] = { position: [0, 0, 3], target: [0, 0, 0], heightM: 1 };

let page: TestPage;
let sceneHash: string;
beforeAll(async () => {
  page = await TestPage.start();
  const gltf = new GltfBuilder();
  const mesh = gltf.square(gltf.matte([0.5, 0.25, 1]));
  // Turned by 60° about y: as it goes 1 m to the right, it comes √3 m nearer.
  const half = -Math.PI / 6;
  const rotation = [0, Math.sin(half), 0, Math.cos(half)];
  gltf.node({ name: 'Slope', mesh, translation: [-0.5, 0, 0], rotation, scale: [2, 1, 1] });
  ({ sceneHash } = await page.load({ 'scene.glb': gltf.build() }));
});
afterAll(() => page.close());

interface OneFile {
  readonly pass: string;
  readonly bytes: Buffer;
}

async function files(settings: Partial<RenderSettings>): Promise<OneFile[]> {
  const { result, bytes } = await page.frame(sceneHash, { camera: FLAT, size: SIZE, ...settings });
  const named: readonly PassFile[] = result.files ?? [];
  if (named.length === 0) return [{ pass: '', bytes }];
  let from = 0;
  return named.map(({ pass, sha256, sizeBytes }) => {
    const file = bytes.subarray(from, from + sizeBytes);
    from += sizeBytes;
    expect(createHash('sha256').update(file).digest('hex')).toBe(sha256);
    return { pass, bytes: file };
  });
}

/** Values from 0 to 1. */
async function pixels(file: Buffer) {
  const { depth, channels, format } = await sharp(file).metadata();
  const picture = await readPicture(file, format === 'heif' ? 'avif' : 'png', depth === 'ushort' ? 16 : 8);
  const at = (x: number, y: number) => [
    ...picture.values.subarray((y * picture.width + x) * picture.channels).subarray(0, picture.channels),
  ];
  return { depth, channels, at, levels: new Set(picture.values).size };
}

/** What a PNG says of itself. */
function texts(png: Buffer): { pass: { name: string; range?: { from: number; to: number; unit: string } } } {
  const at = png.indexOf('tEXtKiln\0') + 9;
  return JSON.parse(png.subarray(at, at + png.readUInt32BE(at - 13) - 5).toString('latin1'));
}

describe('passes that are files of their own', () => {
  it('are in their order, the picture first and as it is alone', async () => {
    const [first, ...others] = await files({ passes: ['depth', 'beauty', 'normal', 'motion'] });
    expect([first?.pass, ...others.map(({ pass }) => pass)]).toEqual(['beauty', 'depth', 'normal', 'motion']);
    const [alone] = await files({ passes: ['beauty'] });
    const same = async (file: OneFile | undefined) => (await sharp(file?.bytes).raw().toBuffer()).toString('hex');
    expect(await same(first)).toBe(await same(alone));
  });

  it('depth in PNG has 16 bits, linear between near and far, which the file names', async () => {
    const [file] = await files({
      passes: ['depth'],
      size: { widthPx: 2_048, heightPx: 4 },
      camera: { ...FLAT, heightM: 1 / 256 },
    });
    const { depth, channels, at, levels } = await pixels(file?.bytes ?? Buffer.alloc(0));
    expect({ depth, channels }).toEqual({ depth: 'ushort', channels: 1 });
    expect(levels).toBeGreaterThan(256);
    const { pass } = texts(file?.bytes ?? Buffer.alloc(0));
    expect(pass.name).toBe('depth');
    const { from = 0, to = 0, unit } = pass.range ?? {};
    expect(unit).toBe('m');
    expect(from).toBeLessThan(3);
    expect(to).toBeGreaterThan(3);
    for (const x of [300, 512, 700]) {
      // x metres from the middle of the slope, which stands at −0.5.
      const right = ((x + 0.5) / 2_048 - 0.5) * 2 + 0.5;
      const expected = 3 - Math.tan(-Math.PI / 3) * -right;
      expect(Math.abs(from + (at(x, 2)[0] ?? 0) * (to - from) - expected)).toBeLessThan((to - from) / 30_000);
    }
  });

  it('normals go from 0 to 1, colours are those of a display, and what is measured in pixels has its range', async () => {
    const all = await files({ passes: ['beauty', 'normal', 'albedo', 'motion', 'crypto-object'], bitDepth: 16 });
    const of = (name: string) => all.find(({ pass }) => pass === name)?.bytes ?? Buffer.alloc(0);
    const normal = (await pixels(of('normal'))).at(8, 8);
    const angle = -Math.PI / 3;
    for (const [channel, value] of [Math.sin(angle), 0, Math.cos(angle)].entries()) {
      expect(normal[channel]).toBeCloseTo((value + 1) / 2, 3);
    }
    expect((await pixels(of('normal'))).at(31, 8)).toEqual([0, 0, 0]);
    expect(await pixels(of('albedo')).then(({ at }) => at(8, 8))).toEqual(
      [0.5, 0.25, 1].map((light) => expect.closeTo(1.055 * light ** (1 / 2.4) - 0.055, 3)),
    );
    const motion = await pixels(of('motion'));
    expect(motion.depth).toBe('ushort');
    expect(motion.at(8, 8)[0]).toBeCloseTo(0.5, 4);
    expect(texts(of('motion')).pass.range).toEqual({ from: -512, to: 512, unit: 'px' });
    const { legend } = texts(of('crypto-object')).pass as unknown as { legend: Record<string, string> };
    const colour = (await pixels(of('crypto-object'))).at(8, 8).map((level) => Math.round(level * 255));
    expect(`#${colour.map((level) => level.toString(16).padStart(2, '0')).join('')}`).toBe(legend.Slope);
  });

  it.each(['jpeg', 'webp', 'avif', 'tiff'] as const)('are pictures in %s too', async (format) => {
    const [beauty, depth, normal] = await files({ format, passes: ['beauty', 'depth', 'normal'] });
    expect([beauty?.pass, depth?.pass, normal?.pass]).toEqual(['beauty', 'depth', 'normal']);
    const { at } = await pixels(depth?.bytes ?? Buffer.alloc(0));
    // Nearer to the right, and nothing beyond.
    expect(at(2, 8)[0] ?? 0).toBeGreaterThan((at(12, 8)[0] ?? 1) + 0.2);
    expect(Math.abs((await pixels(normal?.bytes ?? Buffer.alloc(0))).at(8, 8)[1] ?? 0)).toBeCloseTo(0.5, 1.5);
  });

  it('are files of one layer each in OpenEXR when that is asked for', async () => {
    const passes: RenderSettings['passes'] = ['beauty', 'depth', 'crypto-object'];
    const exr = { format: 'exr', bitDepth: 'float', passes } as const;
    const apart = await files({ ...exr, passes: [...passes], separatePasses: true });
    const [together] = await files({ ...exr, passes: [...passes] });
    const whole = readExrFile(together?.bytes ?? Buffer.alloc(0));
    expect(apart.map(({ pass }) => pass)).toEqual(['beauty', 'depth', 'crypto-object']);
    const names: string[] = [];
    for (const { bytes } of apart) {
      const file = readExrFile(bytes);
      for (const name of file.types.keys()) {
        names.push(name);
        expect(file.value(name, 8, 8)).toBe(whole.value(name, 8, 8));
      }
    }
    expect(names.sort()).toEqual([...whole.types.keys()].sort());
  });

  it('hold the values themselves in TIFF of floats', async () => {
    const [depth] = await files({ format: 'tiff', bitDepth: 'float', passes: ['depth'] });
    const { values, width, channels } = await readPicture(depth?.bytes ?? Buffer.alloc(0), 'tiff', 'float');
    const at = (x: number) => values[(8 * width + x) * channels] ?? 0;
    expect(at(8)).toBeGreaterThan(2);
    expect(at(8)).toBeLessThan(4);
    expect(at(31)).toBeCloseTo(1e10, -5);
  });
});
