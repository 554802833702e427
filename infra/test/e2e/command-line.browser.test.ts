import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ENGINE_ABILITIES, ENGINE_FEATURES } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { REPOSITORY } from '../../src/repository.ts';
import { startTrialFarm, type TrialFarm } from '../../src/trial/trial-farm.ts';
import { kiln, startKiln } from './support/kiln.ts';
import { readPixels } from './support/pixels.ts';
import { boxScene } from './support/scenes.ts';

/** Ends what hangs; no measurement. */
const HANGS_MS = 400_000;
vi.setConfig({ testTimeout: HANGS_MS, hookTimeout: HANGS_MS });

let farm: TrialFarm;
let scene: string;

beforeAll(async () => {
  farm = await startTrialFarm({ env: { KILN_WORKER_TAGS: 'fast,rack=3', KILN_WORKER_GPU_MEMORY: '2G' } });
  scene = join(farm.home, 'box.glb');
  await writeFile(scene, boxScene([1, 0, 0]));
});
afterAll(() => farm?.remove());

describe('kiln render', () => {
  test('sends a scene, shows what happens, and leaves its frames on the disk', async () => {
    const out = join(farm.home, 'frames');
    const { code, stdout, stderr } = await kiln(
      farm,
      'render',
      scene,
      '--frames',
      '0-3',
      '--size',
      '160x90',
      '-o',
      out,
    );
    expect(stderr).toMatch(/1 file.*uploaded/);
    expect(stderr).toContain('(4/4)');
    expect(stdout).toMatch(/^4 frames in /);
    expect(code).toBe(0);
    expect((await readdir(out)).sort()).toEqual(['0000.png', '0001.png', '0002.png', '0003.png']);
    const pixels = await readPixels(join(out, '0002.png'));
    expect([pixels.widthPx, pixels.heightPx, pixels.format]).toEqual([160, 90, 'png']);
    const { r, g, b } = pixels.at(0.5, 0.5);
    expect(r).toBeGreaterThan(150);
    expect(Math.max(g, b)).toBeLessThan(r / 2);
    const edge = pixels.at(0, 0);
    expect(Math.abs(edge.r - edge.g) + Math.abs(edge.g - edge.b)).toBeLessThan(4);
  });

  test('sends nothing that the farm has, and says so as JSON, an event a line', async () => {
    await kiln(farm, 'scene', 'add', scene);
    const out = join(farm.home, 'again');
    const args = ['render', scene, '--frames', '10-7', '--size', '64x64', '--format', 'webp', '--out', out, '--json'];
    const { code, lines } = await kiln(farm, ...args);
    expect(code).toBe(0);
    expect(lines.map(({ event }) => event)).toEqual(['upload', 'submitted', ...Array(4).fill('frame'), 'done']);
    expect(lines[0]).toMatchObject({ files: 1, sentFiles: 0, sentBytes: 0 });
    expect(lines.at(-1)).toMatchObject({ state: 'succeeded', framesDone: 4, framesFailed: 0 });
    expect((await readdir(out)).sort()).toEqual(['0007.webp', '0008.webp', '0009.webp', '0010.webp']);
    expect((await readPixels(join(out, '0007.webp'))).format).toBe('webp');
  });

  test.each([
    { format: 'png', bitDepth: '16', file: '0007.png', start: '89504e470d0a1a0a' },
    { format: 'avif', bitDepth: '8', file: '0007.avif', start: '00000020667479706176696600000000' },
    { format: 'tiff', bitDepth: 'float', file: '0007.tif', start: '49492a00' },
    { format: 'exr', bitDepth: 'half', file: '0007.exr', start: '762f310102000000' },
  ])('writes $format of $bitDepth bits', async ({ format, bitDepth, file, start }) => {
    const out = join(farm.home, `as-${format}`);
    const args = ['--frames', '7', '--size', '64x36', '--format', format, '--bit-depth', bitDepth, '-o', out];
    const { code, lines } = await kiln(farm, 'render', scene, ...args, '--json');
    expect(code).toBe(0);
    expect(await readdir(out)).toEqual([file]);
    expect((await readFile(join(out, file))).toString('hex')).toMatch(new RegExp(`^${start}`));
    expect(lines.find(({ event }) => event === 'frame')).toMatchObject({ flags: [], statistics: { nanCount: 0 } });
    const jobId = lines.find(({ event }) => event === 'submitted')?.jobId;
    const archive = await fetch(`${farm.url}/api/v1/jobs/${jobId}/archive.zip`, { headers: farm.client.headers });
    expect(Buffer.from(await archive.arrayBuffer()).toString('latin1')).toContain(file);
  });

  test('draws where a worker has what is required, which it says of itself', { tags: ['heavy'] }, async () => {
    const [worker] = JSON.parse((await kiln(farm, 'workers', '--json')).stdout);
    expect(worker).toMatchObject({ tags: ['fast', 'rack=3'], gpuMemoryBytes: 2 ** 31 });
    for (const fact of ['cpuCores', 'memoryBytes', 'maxTexturePx']) expect(worker[fact]).toBeGreaterThan(0);
    const table = (await kiln(farm, 'workers')).stdout;
    expect(table).toMatch(/ \d+ cores?, [\d.]+ [GM]iB, GPU 2 GiB, \d+ px +fast,rack=3 /);
    const require = `tag=fast,gpu-memory=2G,texture=${worker.maxTexturePx},class=${worker.adapterClass}`;
    const out = join(farm.home, 'required');
    const args = ['--frames', '7', '--size', '64x36', '--require', require, '-o', out, '--json'];
    const { code, lines } = await kiln(farm, 'render', scene, ...args);
    expect(code).toBe(0);
    const jobId = lines.find(({ event }) => event === 'submitted')?.jobId;
    const { stdout } = await kiln(farm, 'job', String(jobId));
    expect(stdout).toMatch(
      /^Requires the tag `fast`, the adapter class [0-9a-f]{16}, 2 GiB of GPU memory, \d+ px of texture edge$/m,
    );
  });

  test.each([
    {
      what: 'an environment that is neither a name nor a file',
      args: ['--environment', 'heaven'],
      code: 2,
      says: /heaven.*studio/,
    },
    {
      what: 'a bad frame range, at its place',
      args: ['--frames', '1-5,x'],
      code: 2,
      says: /job\.bad_frame_range: .*character 4/,
    },
    { what: 'a size of zero', args: ['--size', '0x90'], code: 2, says: /size/ },
    { what: 'a size over the limit', args: ['--size', '100000x100000'], code: 2, says: /size/i },
    { what: 'a camera that the scene has not', args: ['--camera', 'Nobody'], code: 2, says: /Nobody/ },
    { what: 'a clip that the scene has not', args: ['--clip', 'Walk'], code: 2, says: /Walk/ },
    {
      what: 'ten million tasks',
      args: ['--frames', '0-99999', '--tiles', '10x10'],
      code: 2,
      says: /job\.too_large: a job has at most 1000000 tasks.* 10000000;.*\(/,
    },
    { what: 'a wrong key', args: ['--api-key', 'kiln_wrong'], code: 4, says: /identity\./ },
    { what: 'an address where nobody answers', args: ['--url', 'http://127.0.0.1:9'], code: 4, says: /key/ },
    {
      what: 'a farm that is not there',
      args: ['--url', 'http://127.0.0.1:9', '--api-key', 'kiln_any'],
      code: 3,
      says: /127\.0\.0\.1:9/,
    },
  ])('ends with $code and one clear line for $what', async ({ args, code, says }) => {
    const result = await kiln(farm, 'render', scene, ...args);
    expect(result.stderr).toMatch(says);
    expect(result.stderr).not.toMatch(/^\s+at /m);
    expect(result.code).toBe(code);
  });

  test('says which file of a scene is missing before anything is sent', async () => {
    const folder = join(farm.home, 'torn');
    await mkdir(folder);
    const gltf = { asset: { version: '2.0' }, images: [{ uri: 'wood.png' }] };
    await writeFile(join(folder, 'torn.gltf'), JSON.stringify(gltf));
    const { code, stderr } = await kiln(farm, 'render', folder);
    expect(stderr).toContain('wood.png');
    expect(code).toBe(2);
  });

  test('passes on why a scene was refused', { tags: ['heavy'] }, async () => {
    const text = join(farm.home, 'letter.glb');
    await writeFile(text, 'Dear farm, this is not a scene.');
    const { code, stderr } = await kiln(farm, 'render', text);
    expect(stderr.trim().split('\n').at(-1)).toMatch(/^error scene\./);
    expect(code).toBe(2);
  });

  test('tells that its job is paused, and that it was cancelled by another', { tags: ['heavy'] }, async () => {
    const args = ['render', scene, '--frames', '0-299', '--size', '64x64', '-o', join(farm.home, 'long'), '--json'];
    const running = startKiln(farm, args);
    const { jobId } = await running.event('submitted');
    await running.event('frame');
    const id = String(jobId);
    const paused = await kiln(farm, 'job', id, '--pause', '--json');
    expect(JSON.parse(paused.stdout)).toMatchObject({ state: 'paused' });
    await running.event('paused');
    const contrary = await kiln(farm, 'job', id, '--resume', '--cancel');
    expect([contrary.code, contrary.stderr]).toEqual([2, expect.stringContaining('--cancel')]);
    const retried = await kiln(farm, 'job', id, '--retry', '3');
    expect([retried.code, retried.stderr]).toEqual([2, expect.stringMatching(/frame 3 has not failed/)]);
    const resumed = await kiln(farm, 'job', id, '--resume', '--priority', '70', '--json');
    expect(JSON.parse(resumed.stdout)).toMatchObject({ state: 'running', priority: 70 });
    await kiln(farm, 'job', id, '--cancel');
    const { code, lines } = await running.ended;
    expect([code, lines.at(-1)]).toEqual([1, expect.objectContaining({ event: 'done', state: 'cancelled' })]);
  });

  test('cancels the job on Ctrl-C and ends with 130', async () => {
    const run = startKiln(farm, ['render', scene, '--frames', '1-500', '--size', '640x360', '--json']);
    await run.event('frame');
    const { jobId } = await run.event('submitted');
    run.process.kill('SIGINT');
    expect((await run.ended).code).toBe(130);
    const job = await farm.client.getJob({ params: { jobId: String(jobId) } });
    expect(job.state).toBe('cancelled');
  });
});

describe('a program of somebody’s own', () => {
  const runExample = (name: string, ...args: readonly string[]) => {
    const { url: KILN_URL, apiKey: KILN_API_KEY } = farm.credentials;
    return promisify(execFile)(process.execPath, ['--import', 'tsx', `infra/examples/${name}.ts`, ...args], {
      cwd: REPOSITORY,
      env: { PATH: process.env.PATH, KILN_URL, KILN_API_KEY },
    });
  };
  let sceneId: string;
  beforeAll(async () => {
    const { stdout } = await kiln(farm, 'scene', 'add', scene, '--json');
    sceneId = JSON.parse(stdout).id;
  });

  test('renders frames, and has each that is listed', async () => {
    const out = join(farm.home, 'example');
    const { stdout } = await runExample('render-frames', sceneId, '1-6', out);
    expect(stdout).toMatch(/job_\w+ succeeded: 6 frames\n$/);
    expect((await readdir(out)).sort()).toEqual([1, 2, 3, 4, 5, 6].map((n) => `000${n}.png`));
    expect(await readPixels(join(out, '0006.png'))).toMatchObject({ widthPx: 320, heightPx: 180 });
  });

  test('submits shots in one call, and the same ones again', { tags: ['heavy'] }, async () => {
    const told = await runExample('submit-shots', sceneId, 'sh010', 'sh020');
    const again = await runExample('submit-shots', sceneId, 'sh010', 'sh020');
    const ids = ({ stdout }: { stdout: string }) =>
      [...stdout.matchAll(/^(job_\w+) (sh\d+) /gm)].map((line) => line[1]);
    expect(ids(told)).toHaveLength(2);
    expect(ids(again)).toEqual(ids(told));
  });
});

test('kiln submit draws what a job file says, once for each key, and a dry run knows what the scene does not have', async () => {
  await kiln(farm, 'scene', 'add', scene);
  const file = join(farm.home, 'job.yaml');
  const layers = `  - { name: near, camera: "\${camera}", frames: 1-3:2, size: 64x36 }\n  - { frames: 7, size: 32x32 }\n`;
  await writeFile(file, `scene: box.glb\nparameters: { camera: auto }\nlayers:\n${layers}`);
  const refused = await kiln(farm, 'submit', file, '--dry-run', '--set', 'camera=Nowhere');
  expect(refused.stderr).toMatch(/job\.unknown_camera: .*job\.yaml:4:19: layers\[0\]\.camera: .* no camera "Nowhere"/);
  expect(refused.code).toBe(2);
  const out = join(farm.home, 'submitted');
  const { code, lines } = await kiln(farm, 'submit', file, '--key', 'one', '--wait', '--out', out, '--json');
  expect(code).toBe(0);
  expect((await readdir(out, { recursive: true })).sort()).toEqual([
    'main',
    'main/0007.png',
    'near',
    'near/0001.png',
    'near/0002.png',
    'near/0003.png',
  ]);
  const again = await kiln(farm, 'submit', file, '--key', 'one', '--json');
  const jobId = lines.find(({ event }) => event === 'submitted')?.jobId;
  expect(again.lines.at(-1)).toMatchObject({ event: 'submitted', jobId });
});

test('kiln watch follows a job to its end and fetches nothing; kiln download fetches it, and only what is not here', async () => {
  const added = await kiln(farm, 'scene', 'add', scene);
  const layer = { name: 'near', frames: '1-2', size: { widthPx: 64, heightPx: 36 } };
  const layers = [layer, { ...layer, name: 'far', frames: '7' }];
  const { id } = await farm.client.createJob({ body: { sceneId: added.stdout.trim(), layers } });
  const watched = await kiln(farm, 'watch', id, '--json');
  expect(watched.code).toBe(0);
  expect(watched.lines.at(-1)).toMatchObject({ event: 'done', state: 'succeeded', framesDone: 3 });
  const out = join(farm.home, 'fetched');
  const some = await kiln(farm, 'download', id, '--layer', 'near', '--frames', '2', '--out', out);
  expect([some.code, some.stdout]).toEqual([0, expect.stringMatching(/^1 frame in .*fetched\b/)]);
  const all = await kiln(farm, 'download', id, '--out', out, '--json');
  expect(all.lines.at(-1)).toMatchObject({ event: 'done', frames: 3, thereBefore: 1 });
  const files = ['far', 'far/0007.png', 'near', 'near/0001.png', 'near/0002.png'];
  expect((await readdir(out, { recursive: true })).sort()).toEqual(files);
  expect((await readPixels(join(out, 'near', '0002.png'))).widthPx).toBe(64);
  const logs = JSON.parse((await kiln(farm, 'logs', id, '--frame', '7', '--json')).stdout);
  expect(logs).toMatchObject([{ layer: 'far', task: '7', state: 'succeeded', workerName: 'worker-1' }]);
  const top = JSON.parse((await kiln(farm, 'top', '--json')).stdout);
  expect(top).toMatchObject({ slots: { busy: 0 }, workers: [{ name: 'worker-1' }], tenants: expect.any(Array) });
});

test('kiln job puts a job away; kiln purge deletes it, and asks nobody who is not there', {
  tags: ['heavy'],
}, async () => {
  const added = await kiln(farm, 'scene', 'add', scene);
  const layers = [{ frames: '1', size: { widthPx: 64, heightPx: 36 } }];
  const { id: jobId } = await farm.client.createJob({ body: { sceneId: added.stdout.trim(), layers } });
  await kiln(farm, 'watch', jobId);
  expect((await kiln(farm, 'job', jobId, '--archive')).stdout).toMatch(/^Archived /m);
  expect((await kiln(farm, 'jobs')).stdout).not.toContain(jobId);
  expect((await kiln(farm, 'jobs', '--archived')).stdout).toContain(jobId);
  expect(await kiln(farm, 'purge', jobId)).toMatchObject({ code: 2, stderr: expect.stringContaining('add --yes') });
  const purged = await kiln(farm, 'purge', jobId, '--yes', '--json');
  expect(JSON.parse(purged.stdout)).toMatchObject([{ id: jobId, framesDone: 1 }]);
  expect(await kiln(farm, 'job', jobId)).toMatchObject({ code: 2, stderr: expect.stringContaining('was purged on') });
});

describe('what commands tell as JSON', () => {
  test('a job: attempts with worker, lease, result hash and stages, drawing one frame while another is encoded', async () => {
    const rendered = await kiln(farm, 'render', scene, '--frames', '0-7', '--size', '1280x720', '--json');
    const jobId = String(rendered.lines.find(({ event }) => event === 'submitted')?.jobId);
    const { stdout } = await kiln(farm, 'job', jobId, '--json');
    const job = JSON.parse(stdout);
    expect(job).toMatchObject({ id: jobId, state: 'succeeded', framesDone: 8 });
    const attempts = job.tasks.flatMap((task: { attempts: object[] }) => task.attempts);
    expect(attempts).toHaveLength(8);
    for (const attempt of attempts) {
      expect(attempt).toMatchObject({
        workerName: 'worker-1',
        leaseEpoch: expect.any(Number),
        reason: null,
        resultHash: expect.stringMatching(/^[0-9a-f]{64}$/),
        frames: [{ stages: { draw: expect.any(Object), encode: expect.any(Object), deliver: expect.any(Object) } }],
      });
    }
    const overlaps = attempts.some((one: Attempt) => attempts.some((other: Attempt) => drawsWhileEncodes(one, other)));
    expect(overlaps).toBe(true);
  });

  test('a worker: processes, back end, sandbox, scenes', async () => {
    const [worker] = JSON.parse((await kiln(farm, 'workers', '--json')).stdout);
    expect(worker).toMatchObject({
      name: 'worker-1',
      pid: expect.any(Number),
      browserPid: expect.any(Number),
      adapterClass: expect.stringMatching(/^[0-9a-f]{16}$/),
      backend: expect.any(String),
      autoBackends: { raster: expect.stringMatching(/^webg/), pathtrace: expect.stringMatching(/^webg/) },
      sandboxed: true,
      scenes: expect.any(Array),
      sessions: 0,
    });
    process.kill(worker.browserPid, 0);
  });

  test('this machine and its farm: what a doctor finds', { tags: ['heavy'] }, async () => {
    const { code, stdout } = await kiln(farm, 'doctor', '--json');
    expect(code).toBe(0);
    const { canRender, findings, probe, engines } = JSON.parse(stdout);
    expect(canRender).toBe(true);
    expect(probe).toMatchObject({ sandboxed: true });
    const details = new Map<string, string>();
    for (const { name, detail } of findings) details.set(name, `${details.get(name) ?? ''}${detail}\n`);
    expect(details.get('Farm')).toMatch(new RegExp(`runs at ${farm.url} .*, ok, 1 worker ready`));
    expect(details.get('WebGL')).toMatch(/canary right in [\d.]+ ms {2}← taken/);
    expect(details.get('WebGPU')).toBeDefined();
    expect(details.get('Engine')).toMatch(/Raster: auto is WebG\w+ \(.+\)\nPath tracing: auto is WebG\w+ \(/);
    expect(engines.abilities).toEqual(ENGINE_ABILITIES);
    expect(engines.features).toEqual(ENGINE_FEATURES);
    // Of this probe: whether WebGPU answers in time, a busy machine may find otherwise than when its worker started.
    const { abilities, autoBackends } = engines.here;
    expect(abilities).toEqual(
      expect.arrayContaining(['raster', 'pathtrace'].map((engine) => ({ engine, backend: autoBackends[engine] }))),
    );
    const text = { webgl: 'WebGL', webgpu: 'WebGPU' }[autoBackends.raster as 'webgl' | 'webgpu'];
    expect(details.get('Engine')).toContain(`Raster: auto is ${text} (`);
    expect(details.get('Sandbox')).toMatch(/^on/);
    expect(details.get('Redis')).toMatch(/redis-server|KILN_REDIS_URL/);
  });

  test('another tenant sees none of it', { tags: ['heavy'] }, async () => {
    const { stdout } = await kiln(farm, 'admin', 'tenant', 'create', 'Second studio', '--json');
    const { apiKey } = JSON.parse(stdout);
    const other = (...args: string[]) => startKiln(farm, [...args, '--json'], { KILN_API_KEY: apiKey }).ended;
    expect(JSON.parse((await other('jobs')).stdout)).toEqual([]);
    const [mine] = JSON.parse((await kiln(farm, 'jobs', '--json')).stdout);
    const { code, lines } = await other('job', mine.id);
    expect(lines[0]).toMatchObject({ event: 'error', code: 'resource.not_found' });
    expect(code).toBe(2);
  });

  test('refused scenes only when asked for; a removed one is gone, and gc says that its files are kept for now', {
    tags: ['heavy'],
  }, async () => {
    const unneeded = async () => JSON.parse((await kiln(farm, 'gc', '--json')).stdout).youngObjects;
    const list = async (...args: string[]) => (await kiln(farm, 'scene', 'list', ...args)).stdout;
    const letter = join(farm.home, 'refused.glb');
    await writeFile(letter, 'Dear farm, this is no scene either.');
    await kiln(farm, 'scene', 'add', letter);
    const added = join(farm.home, 'removed.glb');
    await writeFile(added, boxScene([0, 1, 0]));
    const { stdout: sceneId } = await kiln(farm, 'scene', 'add', added);
    const before = await unneeded();

    expect(await list()).toMatch(/removed\n/);
    expect(await list()).toMatch(/refused scenes? not shown: kiln scene list --all$/);
    expect(await list('--json')).not.toContain('"refused"');
    expect(await list('--all')).toMatch(/refused\n?/);
    expect(await kiln(farm, 'scene', 'remove', sceneId)).toMatchObject({ code: 0, stdout: `Removed ${sceneId}` });
    expect(await list()).not.toContain(sceneId);
    expect(await kiln(farm, 'scene', 'remove', sceneId)).toMatchObject({
      code: 2,
      stderr: `error resource.not_found: there is no scene ${sceneId}\n`,
    });
    // The file and the thumbnail.
    expect(await unneeded()).toBe(before + 2);
    expect((await kiln(farm, 'gc')).stdout).toMatch(
      /To delete: 0 files.*\nKept for now: \d+ files?, .* a day or two\n/,
    );
  });
});

interface StageTime {
  readonly startedAtMs: number;
  readonly durationMs: number;
}
interface Attempt {
  readonly frames: readonly { readonly stages: { readonly draw: StageTime; readonly encode: StageTime } }[];
}

function drawsWhileEncodes(one: Attempt, other: Attempt): boolean {
  const draw = one.frames[0]?.stages.draw;
  const encode = other.frames[0]?.stages.encode;
  if (one === other || !draw || !encode) return false;
  const end = (stage: StageTime) => stage.startedAtMs + stage.durationMs;
  return draw.startedAtMs < end(encode) && encode.startedAtMs < end(draw);
}
