import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { completeSettings, type JobWait } from '@kiln/shared';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tellEnd } from '../../src/cli/render/job-end.ts';
import { jsonReporter } from '../../src/cli/render/json-reporter.ts';
import { prepareOutFolder } from '../../src/cli/render/out-folder.ts';
import { render } from '../../src/cli/render/render.ts';
import { uploadFile } from '../../src/cli/scene/upload-file.ts';
import { UploadMemory } from '../../src/cli/scene/upload-memory.ts';
import { FRAME, HEALTH, jobIn, REPORT, SCENE, type ScriptedFarm, startScriptedFarm } from './support/scripted-farm.ts';

let folder: string;
let farm: ScriptedFarm;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-render-'));
});
afterEach(async () => {
  await farm?.close();
  rmSync(folder, { recursive: true, force: true });
});

const ignore = () => undefined;
const observer = jsonReporter(ignore);
const memory = () => new UploadMemory(join(folder, 'uploads.json'));
const renderBox = (signal = new AbortController().signal, watching = observer) =>
  render(
    farm.client,
    {
      source: SCENE.id,
      job: { layers: [{ size: { widthPx: 64, heightPx: 64 }, frames: '0' }] },
      folder,
      memory: memory(),
    },
    watching,
    signal,
  );

const times = (request: string) => farm.requests.filter((one) => one === request).length;
const JOB = `/jobs/${FRAME.jobId}`;

test('a frame that cannot be had ends it: the job is cancelled, and no connection stays open', async () => {
  farm = await startScriptedFarm((request) => {
    if (request === `GET ${JOB}`) return { body: jobIn('running') };
    if (request === `GET ${JOB}/frames`) return { body: { items: [FRAME], next: null } };
    return request.endsWith('.png') ? { status: 404, code: 'resource.not_found' } : undefined;
  });
  await expect(renderBox()).rejects.toMatchObject({ code: 'resource.not_found' });
  expect(times(`POST ${JOB}/cancel`)).toBe(1);
  await expect.poll(() => farm.openStreams()).toBe(0);
});

test('what frames are drawn without is said once, after the job is there', async () => {
  const gap = { engine: 'pathtrace', backend: 'webgl', what: 'dispersion', isDrawnWithout: true };
  const settings = completeSettings({ frames: '0', engine: 'pathtrace', size: { widthPx: 64, heightPx: 64 } });
  const counts = {
    frames: '0',
    frameCount: 1,
    chunk: 1,
    singleTasks: 0,
    chunkSec: null,
    isChunkOpen: false,
    testFrames: null,
  };
  const layer = {
    id: FRAME.layerId,
    name: 'main',
    ...counts,
    division: null,
    films: [],
    needs: [],
    limits: [],
    settings,
  };
  const lines: string[] = [];
  farm = await startScriptedFarm((request) => {
    if (request === `GET /scenes/${SCENE.id}`) return { body: { ...SCENE, report: { ...REPORT, gaps: [gap] } } };
    if (request === 'POST /jobs') return { body: { ...jobIn('succeeded'), layers: [layer, layer] } };
    return undefined;
  });
  await renderBox(
    undefined,
    jsonReporter((line) => lines.push(line)),
  );
  expect(lines.map((line) => JSON.parse(line)).slice(0, 2)).toEqual([
    expect.objectContaining({ event: 'submitted' }),
    { event: 'notice', message: expect.stringContaining('with WebGL draws this scene without dispersion') },
  ]);
  expect(lines.filter((line) => line.includes('"notice"'))).toHaveLength(1);
});

test('what a job waits for that comes after others is said', async () => {
  const waitsFor = { reason: 'after' as const, message: 'Waits for job “first” (1 of 2 frames done).' };
  farm = await startScriptedFarm((request) =>
    request === `GET ${JOB}` ? { body: { ...jobIn('queued'), waitsFor } } : undefined,
  );
  const interrupt = new AbortController();
  const watching = { ...observer, waitsForOthers: ({ message }: JobWait) => interrupt.abort(new Error(message)) };
  await expect(renderBox(interrupt.signal, watching)).rejects.toThrow(waitsFor.message);
});

test('a job that has stopped because too much failed is waited for no longer, and stays for another try', async () => {
  farm = await startScriptedFarm((request) =>
    request === `GET ${JOB}` ? { body: { ...jobIn('paused'), framesFailed: 1, stoppedByFailures: true } } : undefined,
  );
  const ended = await renderBox();
  expect(() => tellEnd(ended, folder, 1, false)).toThrow(`kiln job ${ended.id} --retry`);
  expect(times(`POST ${JOB}/cancel`)).toBe(0);
});

test('frames of several layers go into a folder for each, and those of several passes into one for each pass', async () => {
  const frameOf = (layer: string) => {
    const text = JSON.stringify(layer);
    const bytes = { sizeBytes: text.length, sha256: createHash('sha256').update(text).digest('hex') };
    const passes = layer === 'Front' ? (['beauty', 'depth'] as const) : [null];
    const files = passes.map((pass) => ({ pass, path: pass ? `${pass}/0000.png` : '0000.png', url: '', ...bytes }));
    return { ...FRAME, layer, files, ...bytes };
  };
  farm = await startScriptedFarm((request) => {
    if (request === `GET ${JOB}/frames`) return { body: { items: ['Front', 'auto'].map(frameOf), next: null } };
    const [, layer] = /frames\/(\w+)\/(?:\w+\/)?0000\.png$/.exec(request) ?? [];
    return layer === undefined ? undefined : { body: layer };
  });
  const layer = { size: { widthPx: 64, heightPx: 64 }, frames: '0' };
  const layers = [
    { ...layer, name: 'Front', camera: 'Front' },
    { ...layer, name: 'auto' },
  ];
  const { signal } = new AbortController();
  await render(farm.client, { source: SCENE.id, job: { layers }, folder, memory: memory() }, observer, signal);
  for (const path of ['Front/beauty', 'Front/depth', 'auto']) {
    const [name] = path.split('/');
    expect(readFileSync(join(folder, path, '0000.png'), 'utf8')).toBe(JSON.stringify(name));
  }
});

test('what a farm cannot answer for a moment is asked for again', async () => {
  const failing = new Map([
    [`GET /scenes/${SCENE.id}`, 2],
    [`GET ${JOB}`, 1],
    [`GET ${JOB}/frames`, 1],
  ]);
  let framesListed = 0;
  farm = await startScriptedFarm((request) => {
    // The second list is the last one, when the job has ended.
    if (request === `GET ${JOB}/frames` && ++framesListed === 2) return { status: 503, code: 'server.draining' };
    const left = failing.get(request) ?? 0;
    if (left === 0) return undefined;
    failing.set(request, left - 1);
    return { status: 503, code: 'storage.unavailable' };
  });
  expect((await renderBox()).state).toBe('succeeded');
  expect(times(`GET /scenes/${SCENE.id}`)).toBe(3);
  expect(times(`POST ${JOB}/cancel`)).toBe(0);
});

test.each(['scene', 'job'])(
  'a %s that waits because no worker is connected says so',
  async (what) => {
    farm = await startScriptedFarm((request) => {
      if (request === 'GET /health') return { body: { ...HEALTH, workersReady: 0 } };
      if (what === 'scene' && request.startsWith('GET /scenes/')) return { body: { ...SCENE, state: 'importing' } };
      return request === `GET ${JOB}` ? { body: jobIn('queued') } : undefined;
    });
    const interrupt = new AbortController();
    const watching = { ...observer, noWorker: () => interrupt.abort(new Error('no worker')) };
    await expect(renderBox(interrupt.signal, watching)).rejects.toThrow('no worker');
  },
  30_000,
);

test('a scene whose files were never sent is refused at once, naming them', async () => {
  const files = ['a.bin', 'b.png'].map((path, index) => ({ path, sha256: String(index).repeat(64), sizeBytes: 1 }));
  const missing = ['1'.repeat(64)];
  farm = await startScriptedFarm((request) =>
    request.startsWith('GET /scenes/') ? { body: { ...SCENE, state: 'uploading', files, missing } } : undefined,
  );
  await expect(renderBox()).rejects.toMatchObject({
    code: 'scene.not_ready',
    message: expect.stringMatching(/still lacks b\.png: name the folder of box\.glb/),
  });
  expect(farm.requests).toEqual([`GET /scenes/${SCENE.id}`]);
});

test('the id of a scene that is not there says so', async () => {
  farm = await startScriptedFarm(() => ({ status: 404, code: 'resource.not_found', message: 'there is no scene' }));
  await expect(renderBox()).rejects.toMatchObject({ code: 'resource.not_found', message: 'there is no scene' });
});

test('a scene that is not there leaves no empty folder', async () => {
  farm = await startScriptedFarm(() => undefined);
  const request = {
    source: join(folder, 'mistyped.glb'),
    job: { layers: [{ size: { widthPx: 64, heightPx: 64 }, frames: '0' }] },
    folder: join(folder, 'shots', 'out'),
    memory: memory(),
  };
  const { signal } = new AbortController();
  await expect(render(farm.client, request, observer, signal)).rejects.toMatchObject({ code: 'request.invalid' });
  expect(readdirSync(folder)).toEqual([]);
});

test.skipIf(process.platform !== 'linux')('a folder that cannot be made is refused at once', async () => {
  await expect(prepareOutFolder('/proc/shots/out')).rejects.toMatchObject({ code: 'request.invalid' });
  await expect(prepareOutFolder(import.meta.filename)).rejects.toMatchObject({ code: 'request.invalid' });
  await expect(prepareOutFolder(join(import.meta.filename, 'out'))).rejects.toMatchObject({ code: 'request.invalid' });
});

test('Ctrl-C while the job is being made cancels it', async () => {
  const interrupt = new AbortController();
  farm = await startScriptedFarm((request) => {
    if (request !== 'POST /jobs') return undefined;
    interrupt.abort(new Error('interrupted'));
    return { body: jobIn('queued') };
  });
  await expect(renderBox(interrupt.signal)).rejects.toThrow('interrupted');
  expect(times(`POST ${JOB}/cancel`)).toBe(1);
});

test('an upload is tried again while the farm does not answer, and given up at once when its disk is full', async () => {
  let posts = 0;
  farm = await startScriptedFarm(() => {
    posts += 1;
    return posts === 1 ? { status: 503, code: 'server.draining' } : { status: 507, code: 'storage.full' };
  });
  const { urls, headers } = farm.client.client;
  const file = { path: 'a.bin', diskPath: import.meta.filename, sizeBytes: 1, sha256: '0'.repeat(64) };
  const target = { endpoint: urls.uploads, headers, memory: memory() };
  const waited: string[] = [];
  const { signal } = new AbortController();
  await expect(uploadFile(file, target, signal, ignore, ({ code }) => waited.push(code))).rejects.toMatchObject({
    code: 'storage.full',
  });
  expect(waited).toEqual(['server.draining']);
  expect(posts).toBe(2);
});

test('Ctrl-C before an upload begins sends nothing', async () => {
  farm = await startScriptedFarm(() => undefined);
  const { urls, headers } = farm.client.client;
  const file = { path: 'a.bin', diskPath: import.meta.filename, sizeBytes: 1, sha256: '0'.repeat(64) };
  const target = { endpoint: urls.uploads, headers, memory: memory() };
  await expect(uploadFile(file, target, AbortSignal.abort(new Error('interrupted')), ignore, ignore)).rejects.toThrow(
    'interrupted',
  );
  expect(farm.requests).toEqual([]);
});
