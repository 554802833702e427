/** OpenEXR in every coding that is read, made by OpenImageIO, which shares no code with Kiln or three. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, test } from 'vitest';
import { type FloatPanorama, readPanorama } from '../../src/page/assets/read-panorama.ts';
import { exrFile } from './panorama-files.ts';

const run = promisify(execFile);
const hasTool = await run('oiiotool', ['--version']).then(
  () => true,
  () => false,
);

/** Not of one block of any coding; smooth, as what loses something expects it. */
const [width, height] = [200, 100];
const light = (x: number, y: number) => [0.1 + x / width, 0.2 + y / height, 1 + Math.sin(x / 9) / 4] as const;

/** Largest part of its value that a sample may be off by; 0 keeps every bit. */
const CODINGS = [
  ['none', 0],
  ['rle', 0],
  ['zips', 0],
  ['zip', 0],
  ['piz', 0],
  ['pxr24', 0.0001],
  ['b44', 0.06],
  ['b44a', 0.06],
  ['dwaa', 0.03],
  ['dwab', 0.03],
] as const;

if (!hasTool) {
  test.skip('OpenEXR: not read, because there is no oiiotool; install the package openimageio-tools', () => {});
} else {
  let folder = '';
  let source = '';
  let plain: Record<'half' | 'float', FloatPanorama>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kiln-exr-'));
    source = join(folder, 'source.exr');
    await writeFile(source, exrFile({ width, height, light }));
    plain = { half: await made('half', '--compression', 'none'), float: await made('float', '--compression', 'none') };
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const made = async (depth: string, ...options: string[]) => {
    const path = join(folder, 'made.exr');
    await run('oiiotool', [source, '-d', depth, ...options, '-o', path]);
    return readPanorama(new Uint8Array(await readFile(path)), 'made.exr');
  };

  const files = CODINGS.flatMap(([coding, loss]) =>
    (['half', 'float'] as const).map((depth) => ({ coding, loss, depth, tiles: [] as string[] })),
  );
  const tiled = ['zip', 'piz'].map((coding) => ({
    coding,
    loss: 0,
    depth: 'half' as const,
    tiles: ['--tile', '32', '16'],
  }));
  it.each([...files, ...tiled])('$coding of $depth $tiles', async ({ coding, loss, depth, tiles }) => {
    const { data, header, widthPx, heightPx, isConverted } = await made(depth, '--compression', coding, ...tiles);
    const right = plain[depth];
    expect(header.coding).toBe(`${depth}, ${coding === 'none' ? coding : coding.toUpperCase()}`);
    expect([widthPx, heightPx, isConverted]).toEqual([width, height, false]);
    // A row and a column at random: in its place, the right way up.
    const at = ((height - 1 - 17) * width + 31) * 4;
    for (const [c, value] of light(31, 17).entries()) expect(right.data[at + c]).toBeCloseTo(value, 2);
    const worst = data.reduce((most, value, i) => {
      const expected = right.data[i] ?? 0;
      return Math.max(most, Math.abs(value - expected) / Math.abs(expected));
    }, 0);
    expect(worst).toBeLessThanOrEqual(loss);
  });
}
