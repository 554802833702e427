/** `kiln render` with more than a scene: parts of frames, WebGPU, passes, environments, look-up tables, other formats. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startTrialFarm, type TrialFarm } from '../../src/trial/trial-farm.ts';
import { kiln } from './support/kiln.ts';
import { readPixels } from './support/pixels.ts';
import { boxScene, objScene } from './support/scenes.ts';

/** Ends what hangs; no measurement. */
const HANGS_MS = 400_000;
vi.setConfig({ testTimeout: HANGS_MS, hookTimeout: HANGS_MS });

let farm: TrialFarm;
let scene: string;

beforeAll(async () => {
  farm = await startTrialFarm();
  scene = join(farm.home, 'box.glb');
  await writeFile(scene, boxScene([1, 0, 0]));
});
afterAll(() => farm?.remove());

test('of frames divided into blocks and ranges of samples are the same files as of whole ones', async () => {
  const args = ['render', scene, '--frames', '1', '--size', '160x90', '--samples', '32'];
  const whole = join(farm.home, 'whole');
  const made = join(farm.home, 'made');
  expect((await kiln(farm, ...args, '-o', whole)).code).toBe(0);
  const { code, lines } = await kiln(farm, ...args, '--tiles', '2x2', '--split-samples', '2', '-o', made, '--json');
  expect(code).toBe(0);
  expect((await readFile(join(made, '0001.png'))).equals(await readFile(join(whole, '0001.png')))).toBe(true);
  const jobId = String(lines.find(({ event }) => event === 'submitted')?.jobId);
  const { stdout } = await kiln(farm, 'job', jobId);
  expect(stdout).toContain('1: 80×45 at 80,45, samples 16 to 31');
  expect(stdout).toContain('1: all parts');
  const { items } = await farm.client.listTasks({ params: { jobId }, query: { limit: 100 } });
  expect(items.map(({ kind }) => kind).sort()).toEqual(['assemble', ...Array(8).fill('render')]);
});

test('draws with WebGPU where a worker can', async () => {
  const workers = await kiln(farm, 'workers', '--json');
  for (const engine of ['raster', 'pathtrace'])
    expect(workers.stdout).toMatch(new RegExp(`"engine": ?"${engine}",\\s*"backend": ?"webgpu"`));
  const out = join(farm.home, 'webgpu');
  const args = ['--frames', '7', '--size', '64x36', '--backend', 'webgpu', '-o', out, '--json'];
  const { code, lines } = await kiln(farm, 'render', scene, ...args);
  expect(code).toBe(0);
  expect(lines.find(({ event }) => event === 'frame')).toMatchObject({ stages: { draw: { backend: 'webgpu' } } });
  const { r, g, b } = (await readPixels(join(out, '0007.png'))).at(0.5, 0.5);
  expect(r).toBeGreaterThan(150);
  expect(Math.max(g, b)).toBeLessThan(r / 2);
});

test('writes passes, with statistics of the picture, or of the first pass where the file does not hold it', async () => {
  for (const [passes, channel] of [
    ['normal,beauty', 'normal.X'],
    ['depth', 'depth.Z'],
  ] as const) {
    const out = join(farm.home, `passes-${channel}`);
    const args = ['--frames', '7', '--size', '64x36', '--format', 'exr', '--passes', passes, '-o', out];
    const { code, lines } = await kiln(farm, 'render', scene, ...args, '--json');
    expect(code).toBe(0);
    expect((await readFile(join(out, '0007.exr'))).toString('latin1')).toContain(channel);
    const { statistics } = lines.find(({ event }) => event === 'frame') ?? {};
    const [min, max, mean] = [expect.any(Number), expect.any(Number), expect.any(Number)];
    const pass = passes === 'depth' ? { pass: 'depth' } : {};
    expect(statistics).toEqual({ ...pass, min, max, mean, nanCount: 0 });
  }
});

test('sends an environment and a look-up table, and draws with them; what is none is refused before that', async () => {
  const sky = join(farm.home, 'sky.hdr');
  const look = join(farm.home, 'look.cube');
  const pixels = Buffer.alloc(8 * 4 * 4, Buffer.from([0, 0, 128, 129]));
  await writeFile(sky, Buffer.concat([Buffer.from('#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 4 +X 8\n'), pixels]));
  await writeFile(look, 'LUT_1D_SIZE 2\n1 1 1\n0 0 0\n');
  const out = join(farm.home, 'lit');
  const frame = ['--size', '64x64', '--background', 'environment', '--tone-mapping', 'none', '-o', out, '--json'];
  const { code, lines } = await kiln(farm, 'render', scene, '--environment', sky, '--lut', look, ...frame);
  expect(code).toBe(0);
  expect(lines.map(({ event }) => event)).toEqual(['upload', 'upload', 'upload', 'submitted', 'frame', 'done']);
  // Blue of full strength from everywhere, of which the negative is yellow.
  const { r, g, b } = (await readPixels(join(out, '0000.png'))).at(0, 0);
  expect([r, g, b]).toEqual([255, 255, 0]);
  await writeFile(look, 'LUT_1D_SIZE 2\n1 1 1\n0 zero 0\n');
  const refused = await kiln(farm, 'render', scene, '--lut', look, '-o', out);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/scene\.invalid.*look\.cube, line 3.*\(--lut\)/);
  // Its header is right: the farm finds what is wrong.
  await writeFile(sky, Buffer.from('#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 4 +X 8\n'));
  const short = await kiln(farm, 'render', scene, '--environment', sky, '-o', out);
  expect(short.code).toBe(2);
  expect(short.stderr).toMatch(/scene\.bad_container: sky\.hdr cannot be decoded.*\(--environment\)/);
});

test('sends an OBJ with its material library, and draws it from the GLB that it became', async () => {
  const folder = join(farm.home, 'obj');
  const out = join(farm.home, 'obj-frames');
  await mkdir(folder);
  const { obj, mtl } = objScene([1, 0, 0]);
  await writeFile(join(folder, 'box.obj'), obj);
  await writeFile(join(folder, 'box.mtl'), mtl);
  const { code, lines } = await kiln(farm, 'render', folder, '--frames', '0', '--size', '160x90', '-o', out, '--json');
  expect(code).toBe(0);
  expect(lines[0]).toMatchObject({ event: 'upload', files: 2 });
  const { r, g, b } = (await readPixels(join(out, '0000.png'))).at(0.5, 0.5);
  expect(r).toBeGreaterThan(150);
  expect(Math.max(g, b)).toBeLessThan(r / 2);
  const { stdout } = await kiln(farm, 'scene', 'show', String(lines[0]?.sceneId), '--json');
  expect(JSON.parse(stdout)).toMatchObject({ entry: 'box.obj', report: { source: { format: 'obj', upAxis: 'y' } } });
});
