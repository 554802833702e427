/** Frames that no target holds, as a user asks for them; read back by OpenImageIO where it is installed, else by libvips. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import type { Frame } from '@kiln/shared';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startTrialFarm, type TrialFarm } from '../../src/trial/trial-farm.ts';
import { startKiln } from './support/kiln.ts';
import { childOf } from './support/processes.ts';
import { boxScene } from './support/scenes.ts';

/** Ends what hangs; no measurement. */
const HANGS_MS = 7_200_000;
vi.setConfig({ testTimeout: HANGS_MS, hookTimeout: HANGS_MS });

/** That a Node process may take above what it takes when nothing is rendered. */
const MOST_ABOVE_IDLE_BYTES = 314_572_800;
const NODE_PROCESSES = ['server', 'worker'] as const;
/** What a command line takes before it does anything. */
const COMMAND_IDLE_BYTES = 104_857_600;

const run = promisify(execFile);
const hasTool = await run('oiiotool', ['--version']).then(
  () => true,
  () => false,
);

let farm: TrialFarm;
let scene: string;

beforeAll(async () => {
  farm = await startTrialFarm({ env: { KILN_WORKERS: '1' } });
  scene = join(farm.home, 'box.glb');
  await writeFile(scene, boxScene([0, 0, 1]));
});
afterAll(() => farm?.remove());

/** Renders one frame into a folder of this name. @returns its path, and what the server knows of it. */
async function rendered(name: string, ...options: string[]): Promise<{ path: string; frame: Frame }> {
  const folder = join(farm.home, name);
  const run = startKiln(farm, ['render', scene, '--frames', '1', '--json', '--out', folder, ...options]);
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, rssBytes(run.process.pid));
  }, 200);
  const made = await run.ended.finally(() => clearInterval(timer));
  expect(made.code).toBe(0);
  expect(most).toBeLessThan(COMMAND_IDLE_BYTES + MOST_ABOVE_IDLE_BYTES);
  const jobs = await farm.client.listJobs({});
  const jobId = jobs.items[0]?.id ?? '';
  const frames = await farm.client.listFrames({ params: { jobId } });
  const [frame] = frames.items;
  if (!frame) throw new Error('the job has no frame');
  return { path: join(folder, frame.fileName), frame };
}

/** 0 of a process that has ended. */
function rssBytes(pid: number | undefined): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1_024;
  } catch {
    return 0;
  }
}

/** Bytes of memory that each Node process took at most while `work` went on, above what it took before. */
async function aboveIdle(work: () => Promise<unknown>): Promise<Record<(typeof NODE_PROCESSES)[number], number>> {
  const of = (name: (typeof NODE_PROCESSES)[number]) => rssBytes(childOf(farm.process.pid, name));
  const idle = { server: of('server'), worker: of('worker') };
  const most = { ...idle };
  const timer = setInterval(() => {
    for (const name of NODE_PROCESSES) most[name] = Math.max(most[name], of(name));
  }, 200);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return { server: most.server - idle.server, worker: most.worker - idle.worker };
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Made smaller by a mean over squares, as sRGB bytes. */
async function smallOf(path: string, width: number, height: number): Promise<Buffer> {
  const source = path.endsWith('.exr') ? `${path}.tif` : path;
  if (path.endsWith('.exr')) {
    await run('oiiotool', [path, '--ch', 'R,G,B', '--colorconvert', 'linear', 'sRGB', '-d', 'uint8', '-o', source]);
  }
  const picture = sharp(source, { limitInputPixels: false }).removeAlpha();
  return picture.resize(width, height, { kernel: 'linear' }).raw().toBuffer();
}

async function meanDifference(one: Buffer, two: Buffer): Promise<number> {
  expect(one.length).toBe(two.length);
  return one.reduce((sum, level, index) => sum + Math.abs(level - (two[index] ?? 0)), 0) / one.length;
}

test('16,384 × 9,216 as PNG: what a small picture shows, streamed through Node, and downloaded by ranges', async () => {
  let made: Awaited<ReturnType<typeof rendered>> | null = null;
  const above = await aboveIdle(async () => {
    made = await rendered('png', '--size', '16384x9216');
  });
  console.info(`16,384 × 9,216 PNG: bytes above idle ${JSON.stringify(above)}`);
  for (const bytes of Object.values(above)) expect(bytes).toBeLessThan(MOST_ABOVE_IDLE_BYTES);
  if (!made) throw new Error('no frame');
  const { path, frame } = made as { path: string; frame: Frame };
  expect(await sha256Of(path)).toBe(frame.sha256);
  expect(await sharp(path, { limitInputPixels: false }).metadata()).toMatchObject({ width: 16_384, height: 9_216 });
  const reference = await rendered('small', '--size', '512x288', '--samples', '64');
  const small = await sharp(reference.path).removeAlpha().raw().toBuffer();
  expect(await meanDifference(await smallOf(path, 512, 288), small)).toBeLessThan(1);
  expect(frame.statistics?.mean).toBeCloseTo(reference.frame.statistics?.mean ?? 0, 2);
  const end = await fetch(farm.client.urls.frame(frame), {
    headers: { authorization: `Bearer ${farm.credentials.apiKey}`, range: `bytes=${frame.sizeBytes - 12}-` },
  });
  expect(end.status).toBe(206);
  expect(Buffer.from(await end.arrayBuffer()).toString('latin1')).toContain('IEND');
});

test('16,384 × 9,216 as OpenEXR with passes, read by OpenImageIO where that is', async () => {
  let made: Awaited<ReturnType<typeof rendered>> | null = null;
  // Linear light, as the file has it.
  const look = ['--tone-mapping', 'none'];
  const options = ['--size', '16384x9216', '--format', 'exr', '--passes', 'beauty,depth,crypto-object', ...look];
  const above = await aboveIdle(async () => {
    made = await rendered('exr', ...options);
  });
  console.info(`16,384 × 9,216 OpenEXR: bytes above idle ${JSON.stringify(above)}`);
  for (const bytes of Object.values(above)) expect(bytes).toBeLessThan(MOST_ABOVE_IDLE_BYTES);
  if (!made) throw new Error('no frame');
  if (!hasTool) return;
  const { path } = made as { path: string };
  const { stdout } = await run('oiiotool', ['--info', '-v', path]);
  expect(stdout).toContain('16384 x 9216');
  expect(stdout).toContain('depth.Z');
  expect(stdout).toMatch(/cryptomatte\/[0-9a-f]{7}\/manifest/);
  // Reads every chunk; a table of offsets that is wrong ends here.
  const { stdout: statistics } = await run('oiiotool', ['--stats', path]);
  expect(statistics).toMatch(/Stats NanCount: 0 0 0 0/);
  const reference = await rendered('small-linear', '--size', '512x288', '--samples', '64', ...look);
  const small = await sharp(reference.path).removeAlpha().raw().toBuffer();
  expect(await meanDifference(await smallOf(path, 512, 288), small)).toBeLessThan(1);
});

test('20,000 × 512, wider than the largest texture of most adapters', async () => {
  const { path } = await rendered('wide', '--size', '20000x512', '--format', 'tiff', '--bit-depth', '16');
  expect(await sharp(path, { limitInputPixels: false }).metadata()).toMatchObject({ width: 20_000, height: 512 });
  const reference = await rendered('narrow', '--size', '2500x64', '--samples', '16');
  const small = await sharp(reference.path).removeAlpha().raw().toBuffer();
  expect(await meanDifference(await smallOf(path, 2_500, 64), small)).toBeLessThan(1.5);
});
