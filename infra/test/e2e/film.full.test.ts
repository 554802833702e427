/** Films on a real farm, read back by ffmpeg, which shares no code with Kiln or the browser. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { REPOSITORY } from '../../src/repository.ts';
import { startTrialFarm, type TrialFarm } from '../../src/trial/trial-farm.ts';
import { kiln, startKiln } from './support/kiln.ts';
import { until } from './support/processes.ts';

/** Ends what hangs; no measurement. */
const HANGS_MS = 1_200_000;
vi.setConfig({ testTimeout: HANGS_MS, hookTimeout: HANGS_MS });

const FRAMES = 24;
const SIZE = { widthPx: 160, heightPx: 90 };

const run = promisify(execFile);
const hasTools = await Promise.all([run('ffmpeg', ['-version']), run('ffprobe', ['-version'])]).then(
  () => true,
  () => false,
);

let farm: TrialFarm;
beforeAll(async () => {
  farm = await startTrialFarm({ env: { KILN_WORKERS: '2' } });
});
afterAll(() => farm?.remove());

type Stream = Readonly<Record<string, string>>;

async function probe(path: string): Promise<readonly Stream[]> {
  const { stdout } = await run('ffprobe', ['-v', 'error', '-count_frames', '-show_streams', '-of', 'json', path]);
  const found: { streams: Stream[] } = JSON.parse(stdout);
  return found.streams;
}

/** Every picture, red, green, blue. */
async function decode(path: string): Promise<Buffer[]> {
  const raw = `${path}.raw`;
  await run('ffmpeg', ['-v', 'error', '-y', '-i', path, '-map', '0:v', '-f', 'rawvideo', '-pix_fmt', 'rgb24', raw]);
  const bytes = await readFile(raw);
  const length = SIZE.widthPx * SIZE.heightPx * 3;
  return Array.from({ length: bytes.length / length }, (_, index) =>
    bytes.subarray(index * length, (index + 1) * length),
  );
}

/** Levels that two pictures differ by, on average. */
const differenceOf = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((sum, level, index) => sum + Math.abs(level - (b[index] ?? 0)), 0) / a.length;

/** Seconds of sound before it is silent, and whether there is any. */
async function soundSec(path: string): Promise<number> {
  const pcm = `${path}.pcm`;
  await run('ffmpeg', ['-v', 'error', '-y', '-i', path, '-map', '0:a', '-f', 's16le', '-ac', '1', '-ar', '48000', pcm]);
  const bytes = await readFile(pcm);
  const samples = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
  return (samples.findLastIndex((level) => Math.abs(level) > 500) + 1) / 48_000;
}

test.skipIf(!hasTools)('films arrive whole when kill -9 hits the worker that makes them, with sound', async () => {
  const scene = join(REPOSITORY, 'server', 'assets', 'sample-scene.glb');
  const tone = join(farm.home, 'tone.wav');
  await run('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'sine=f=440:r=44100:d=0.5', '-ac', '2', tone]);
  const out = join(farm.home, 'out');
  const size = `${SIZE.widthPx}x${SIZE.heightPx}`;
  const films = ['--film', 'mp4,webm,mov,mkv', '--audio', tone];
  // Samples take time, in which the films are half.
  const args = ['--turntable', String(FRAMES), '--size', size, '--samples', '32', ...films, '--json', '--out', out];
  const render = startKiln(farm, ['render', scene, ...args]);
  const jobId = String((await render.event('submitted')).jobId);
  await until(async () => {
    const { items } = await farm.client.listFilms({ params: { jobId } });
    return items.some(({ framesTaken, state }) => state === 'leased' && framesTaken >= 2);
  });
  const { items: workers } = await farm.client.listWorkers();
  const makers = await filmWorkers(jobId);
  for (const { id, pid } of workers) if (makers.has(id) && pid !== null) process.kill(pid, 'SIGKILL');
  expect(makers.size).toBeGreaterThan(0);
  const { code, stdout, stderr } = await render.ended;
  expect(code, stdout + stderr).toBe(0);

  const frames: Buffer[] = [];
  for (let index = 0; index < FRAMES; index += 1) {
    const path = join(out, `${String(index).padStart(4, '0')}.png`);
    frames.push(await sharp(path).removeAlpha().raw().toBuffer());
  }
  const bt709 = { color_space: 'bt709', color_transfer: 'bt709', color_primaries: 'bt709', color_range: 'tv' };
  const expected = {
    'film.mp4': [{ codec_name: 'h264', ...bt709 }, { codec_name: 'opus' }],
    'film.webm': [{ codec_name: 'vp9', ...bt709 }, { codec_name: 'opus' }],
    'film.mov': [
      { codec_name: 'prores', profile: 'HQ', pix_fmt: 'yuv422p10le', ...bt709 },
      { codec_name: 'pcm_s24le', sample_rate: '48000', channels: 2 },
    ],
    'film.mkv': [
      { codec_name: 'ffv1', color_range: 'pc' },
      { codec_name: 'flac', sample_rate: '48000', channels: 2, bits_per_raw_sample: '24' },
    ],
  };
  for (const [name, streams] of Object.entries(expected)) {
    const path = join(out, name);
    const found = await probe(path);
    expect(found, name).toMatchObject(streams);
    expect(found[0], name).toMatchObject({ nb_read_frames: String(FRAMES), r_frame_rate: '24/1' });
    const pictures = await decode(path);
    expect(pictures, name).toHaveLength(FRAMES);
    pictures.forEach((picture, index) => {
      const differences = frames.map((frame) => differenceOf(picture, frame));
      // The picture is of this frame and no other; FFV1 keeps every bit.
      expect(differences.indexOf(Math.min(...differences)), `${name} ${index}`).toBe(index);
      expect(differences[index], `${name} ${index}`).toBeLessThanOrEqual(name === 'film.mkv' ? 0 : 4);
    });
    const heardSec = await soundSec(path);
    expect(heardSec, name).toBeGreaterThan(0.48);
    expect(heardSec, name).toBeLessThan(0.56);
  }
});

/** Workers that hold an attempt of a film. */
async function filmWorkers(jobId: string): Promise<Set<string>> {
  const { stdout } = await kiln(farm, 'job', jobId, '--json');
  const { tasks }: { tasks: { kind: string; attempts: { state: string; workerId: string }[] }[] } = JSON.parse(stdout);
  const running = tasks.filter(({ kind }) => kind === 'film').flatMap(({ attempts }) => attempts);
  return new Set(running.filter(({ state }) => state === 'running').map(({ workerId }) => workerId));
}
