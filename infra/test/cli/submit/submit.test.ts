import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jobFileJsonSchema, type Worker } from '@kiln/shared';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { main } from '../../../src/cli/main.ts';
import { FRAME, jobIn, SCENE, type ScriptedFarm, startScriptedFarm } from '../support/scripted-farm.ts';

let folder: string;
let farm: ScriptedFarm | undefined;
let printed: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-submit-'));
  printed = [];
  vi.stubEnv('KILN_USER', 'ann');
  for (const name of ['log', 'error'] as const)
    vi.spyOn(console, name).mockImplementation((line) => printed.push(line));
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
  await farm?.close();
  farm = undefined;
  rmSync(folder, { recursive: true, force: true });
});

type Answers = Parameters<typeof startScriptedFarm>[0];

async function submit(text: string, options: readonly string[], answers: Answers = () => undefined): Promise<number> {
  farm = await startScriptedFarm(answers);
  const path = join(folder, 'job.yaml');
  writeFileSync(path, text);
  return main(['submit', path, '--url', farm.client.connection.url, '--api-key', 'key', ...options]);
}

const JOB = `scene: ${SCENE.id}
retries: 0
layers:
  - { size: 64x64, frames: 0-3, camera: Front }
  - { name: traced, size: 64x64, frames: 10-1, engine: pathtrace, backend: webgpu, samples: 64, splitSamples: 2 }
`;
const BODY = {
  user: 'ann',
  sceneId: SCENE.id,
  maxAttempts: 1,
  layers: [
    { size: { widthPx: 64, heightPx: 64 }, frames: '0-3', camera: 'Front' },
    {
      name: 'traced',
      size: { widthPx: 64, heightPx: 64 },
      frames: '10-1',
      engine: 'pathtrace',
      backend: 'webgpu',
      samples: 64,
      splitSamples: 2,
    },
  ],
};

test('a job is submitted with its key, and its id and how to watch it are said', async () => {
  expect(await submit(JOB, ['--key', 'v3'])).toBe(0);
  expect(farm?.bodyOf('POST /jobs')).toEqual({ ...BODY, idempotencyKey: 'v3' });
  expect(farm?.requests).toEqual([`GET /scenes/${SCENE.id}`, 'POST /jobs']);
  const { id } = jobIn('queued');
  expect(printed).toEqual([`${id}: 1 frame. \`kiln job ${id}\` shows how it goes.`]);
});

test('--after adds to the jobs that the file comes after', async () => {
  const [first, second] = ['1', '2'].map((digit) => `job_${digit.repeat(20)}`);
  expect(await submit(`after: [${first}]\n${JOB}`, ['--after', `${first},${second}`])).toBe(0);
  expect(farm?.bodyOf('POST /jobs')).toMatchObject({ after: [first, second] });
  expect(await submit(JOB, ['--after', 'nix'])).toBe(2);
  expect(printed.at(-1)).toContain('--after takes ids of jobs');
});

test('with --json each line is an event, as of kiln render', async () => {
  expect(await submit(JOB, ['--json'])).toBe(0);
  expect(printed.map((line) => JSON.parse(line))).toEqual([
    { event: 'submitted', jobId: jobIn('queued').id, sceneId: SCENE.id, frames: 1 },
  ]);
});

test('with --wait its frames are downloaded, those of several layers into a folder for each', async () => {
  const bytes = JSON.stringify('traced');
  const file = { sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  const frame = { ...FRAME, layer: 'traced', ...file, files: [{ pass: null, path: '0000.png', url: '', ...file }] };
  const out = join(folder, 'frames');
  const code = await submit(JOB, ['--wait', '--out', out], (request) => {
    if (request.endsWith('/frames')) return { body: { items: [frame], next: null } };
    return request.endsWith('.png') ? { body: 'traced' } : undefined;
  });
  expect(code).toBe(0);
  expect(readFileSync(join(out, 'traced', '0000.png'), 'utf8')).toBe(bytes);
});

test('what the farm refuses is told with the place in the file, and leaves no empty folder', async () => {
  const message = 'the scene has no camera "Front"; it has: auto';
  const out = join(folder, 'frames');
  const code = await submit(JOB, ['--wait', '--out', out], (request) =>
    request === 'POST /jobs'
      ? { status: 422, code: 'job.unknown_camera', message, field: '/layers/0/camera' }
      : undefined,
  );
  expect(code).toBe(2);
  expect(printed).toEqual([`error job.unknown_camera: ${folder}/job.yaml:4:33: layers[0].camera: ${message}`]);
  expect(existsSync(out)).toBe(false);
});

test('a file that a layer names is sent first, and is in the request by its content', async () => {
  const table = 'LUT_1D_SIZE 2\n0 0 0\n1 1 1\n';
  writeFileSync(join(folder, 'film.cube'), table);
  const file = { sha256: createHash('sha256').update(table).digest('hex'), sizeBytes: table.length };
  const lut = { ...SCENE, id: `scn_${'1'.repeat(20)}`, kind: 'lut', files: [{ path: 'film.cube', ...file }] };
  const text = `scene: ${SCENE.id}\nlayers:\n  - { size: 8x8, frames: 0, lut: film.cube }\n  - { size: 9x9, frames: 0, lut: film.cube }`;
  const code = await submit(text, [], (request) =>
    request === 'POST /scenes' || request === `GET /scenes/${lut.id}` ? { body: lut } : undefined,
  );
  expect(code).toBe(0);
  expect(farm?.bodyOf('POST /jobs')).toMatchObject({ layers: [{ lut: file }, { lut: file }] });
  expect(farm?.requests.filter((request) => request === 'POST /scenes')).toHaveLength(1);
});

const WORKER: Worker = {
  id: `wrk_${'0'.repeat(20)}`,
  state: 'ready',
  name: 'north',
  pid: null,
  version: '0',
  protocols: [1],
  slots: 3,
  maxSessions: 1,
  capabilities: [{ engine: 'raster', backend: 'webgl' }],
  adapterClass: '0'.repeat(16),
  renderer: '',
  backend: 'vulkan',
  browserVersion: '',
  sandboxed: true,
  browserPid: null,
  browsers: [],
  scenes: [],
  sessions: 0,
  attempts: 1,
  cacheBytes: 0,
  nodeRssBytes: 0,
  browserRssBytes: 0,
  registeredAt: SCENE.createdAt,
  seenAt: SCENE.createdAt,
  suspendedUntil: null,
  suspendedFor: null,
};
const planned: Answers = (request) => {
  if (request === 'GET /workers') return { body: { items: [WORKER, { ...WORKER, name: 'gone', state: 'lost' }] } };
  if (request === 'GET /capabilities') return { body: { engines: [], formats: [], slots: 3 } };
  return request === 'POST /job-plans'
    ? { body: { frameCount: 14, taskCount: 24, layers: [], estimate: null, warnings: ['Layer “main” needs it.'] } }
    : undefined;
};

test('--dry-run says what would be drawn, where, and which files come out; nothing is queued', async () => {
  expect(await submit(JOB, ['--dry-run'], planned)).toBe(0);
  const text = printed.join('\n');
  expect(text).toContain(`Scene   Box: 1 file, 1 B; on the farm as ${SCENE.id}\n`);
  expect(text).toContain('Job     14 frames, 24 tasks, priority 50\n');
  expect(text).toMatch(/^main +4: 0-3 +4 +whole frames +raster +1 +64×64 +beauty$/m);
  expect(text).toMatch(/^traced +10: 10-1 +20 +2 ranges +pathtrace, webgpu +64 +64×64 +beauty$/m);
  expect(text).toMatch(/^traced +10 +traced\/0001\.png +traced\/0010\.png$/m);
  expect(text).toMatch(/^main +north +webgl +2 of 3$/m);
  expect(text).toMatch(/^traced +no worker that is here$/m);
  expect(text).not.toContain('gone');
  expect(farm?.bodyOf('POST /job-plans')).toEqual(BODY);
  expect(farm?.requests).toEqual([`GET /scenes/${SCENE.id}`, 'POST /job-plans', 'GET /workers', 'GET /capabilities']);
});

test('what workers must have is required beside what the file requires; others could not draw it', async () => {
  const text = `requires: { tags: [fast], memoryBytes: 1 }\n${JOB}`;
  expect(await submit(text, ['--require', 'tag=rack=3,gpu=RTX A', '--require', 'gpu-memory=8G'])).toBe(0);
  const requires = { tags: ['fast', 'rack=3'], gpu: 'RTX A', gpuMemoryBytes: 8 * 1_024 ** 3, memoryBytes: 1 };
  expect(farm?.bodyOf('POST /jobs')).toEqual({ ...BODY, requires });
  await farm?.close();
  printed = [];
  expect(await submit(text, ['--dry-run'], planned)).toBe(0);
  expect(printed.join('\n')).toMatch(/^main +no worker that is here$/m);
  expect(printed.join('\n')).toContain('\n\nLayer “main” needs it.\n\nNothing was uploaded');
  await farm?.close();
  const fast = { ...WORKER, tags: ['fast'], memoryBytes: 2 };
  const answers: Answers = (request) => (request === 'GET /workers' ? { body: { items: [fast] } } : planned(request));
  printed = [];
  expect(await submit(text, ['--dry-run'], answers)).toBe(0);
  expect(printed.join('\n')).toMatch(/^main +north +webgl +2 of 3$/m);
});

test('--dry-run leaves out workers that are due a canary, and those at which tasks failed while there are others', async () => {
  const suspendedUntil = SCENE.createdAt;
  const wrong: Worker = { ...WORKER, name: 'wrong', suspendedUntil, suspendedFor: 'canary' };
  const blamed: Worker = { ...WORKER, name: 'blamed', suspendedUntil, suspendedFor: 'tasks' };
  const workersOf = async (items: readonly Worker[]) => {
    printed = [];
    const answers: Answers = (request) => (request === 'GET /workers' ? { body: { items } } : planned(request));
    expect(await submit(JOB, ['--dry-run', '--json'], answers)).toBe(0);
    await farm?.close();
    const { layers, workersReady } = JSON.parse(printed.join('\n'));
    return [workersReady, layers[0].workers.map(({ name }: Worker) => name)];
  };
  expect(await workersOf([wrong, blamed, WORKER])).toEqual([2, ['north']]);
  expect(await workersOf([wrong, blamed])).toEqual([1, ['blamed']]);
  expect(await workersOf([wrong])).toEqual([0, []]);
  farm = undefined;
});

test('--dry-run of a scene that the farm does not have says that it would be uploaded', async () => {
  writeFileSync(join(folder, 'box.gltf'), '{"asset":{"version":"2.0"}}');
  const text = JOB.replace(SCENE.id, 'box.gltf');
  const answers: Answers = (request) =>
    request === 'GET /scenes' ? { body: { items: [SCENE], next: null } } : planned(request);
  expect(await submit(text, ['--dry-run', '--json'], answers)).toBe(0);
  expect(JSON.parse(printed.join('\n'))).toMatchObject({
    scene: { sceneId: null, name: 'box', files: 1 },
    taskCount: 24,
    layers: [
      { name: 'main', workers: [{ name: 'north', free: 2 }] },
      { name: 'traced', workers: [] },
    ],
  });
  expect(farm?.requests).toEqual(['GET /scenes', 'GET /workers', 'GET /capabilities']);
});

test('--dry-run tells what the scene does not have, with the place in the file', async () => {
  const answers: Answers = (request) =>
    request === 'POST /job-plans'
      ? { status: 422, code: 'job.unknown_camera', message: 'no such camera', field: '/layers/0/camera' }
      : planned(request);
  expect(await submit(JOB, ['--dry-run'], answers)).toBe(2);
  expect(printed).toEqual([expect.stringMatching(/job\.yaml:4:33: layers\[0\]\.camera: no such camera$/)]);
});

test.each([
  [['--out', 'x'], /--out needs --wait/],
  [['--wait', '--dry-run'], /--dry-run queues nothing/],
  [['--set', 'samples'], /--set takes NAME=VALUE, as in samples=64; it is “samples”/],
])('%j is refused, and the farm is not asked', async (options, message) => {
  expect(await submit(JOB, options)).toBe(2);
  expect(printed).toEqual([expect.stringMatching(message)]);
  expect(farm?.requests).toEqual([]);
});

test('--schema prints the schema, without a file and without a farm', async () => {
  expect(await main(['submit', '--schema'])).toBe(0);
  expect(JSON.parse(printed.join('\n'))).toEqual(jobFileJsonSchema());
  printed = [];
  expect(await main(['submit'])).toBe(2);
  expect(printed).toEqual([expect.stringMatching(/needs a job file/)]);
});

test('labels of options stand beside those of the file, and an option names another user', async () => {
  expect(await submit(`tags: [hero]\nuser: bea\n${JOB}`, ['--tag', 'v3,hero', '--tag', 'night'])).toBe(0);
  expect(farm?.bodyOf('POST /jobs')).toEqual({ ...BODY, user: 'bea', tags: ['hero', 'v3', 'night'] });
  await farm?.close();
  expect(await submit(`user: bea\n${JOB}`, ['--user', 'cy'])).toBe(0);
  expect(farm?.bodyOf('POST /jobs')).toEqual({ ...BODY, user: 'cy' });
});
