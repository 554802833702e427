import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Frame, Job, KilnError } from '@kiln/shared';
import { parseFrameRange } from '@kiln/shared';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type DownloadChoice,
  type DownloadObserver,
  downloadJob,
  wantedFiles,
} from '../../src/cli/download/download-job.ts';
import { downloadJson } from '../../src/cli/download/download-reporter.ts';
import { InterruptedError } from '../../src/cli/interrupt.ts';
import { waitingText } from '../../src/cli/render/progress-reporter.ts';
import { FRAME, jobIn, type ScriptedFarm, startScriptedFarm } from './support/scripted-farm.ts';

let folder: string;
let farm: ScriptedFarm;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-download-'));
});
afterEach(async () => {
  await farm?.close();
  rmSync(folder, { recursive: true, force: true });
});

const JOB = `/jobs/${FRAME.jobId}`;
const BYTES = Buffer.from('0123456789'.repeat(1_000));
const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const PART = `0000.png.part-${hashOf(BYTES).slice(0, 12)}`;
const request = (frameNumber = 0) => `GET ${JOB}/frames/main/000${frameNumber}.png`;

function frameOf(frameNumber: number, layer = 'main'): Frame {
  const fileName = `000${frameNumber}.png`;
  const facts = { sha256: hashOf(BYTES), sizeBytes: BYTES.length };
  return {
    ...FRAME,
    layer,
    frameNumber,
    fileName,
    ...facts,
    files: [{ pass: null, path: fileName, url: '', ...facts }],
  };
}

/** A farm whose job has these frames. @param file what is sent of each. */
async function startFarm(
  frames: readonly Frame[],
  file: (request: string) => Parameters<typeof startScriptedFarm>[0] extends (name: string) => infer A ? A : never,
) {
  farm = await startScriptedFarm((name) => {
    if (name === `GET ${JOB}/frames`) return { body: { items: frames, next: null } };
    return name.endsWith('.png') ? file(name) : undefined;
  });
}

async function download(
  choice: Partial<DownloadChoice> = {},
  job: Job = jobIn('succeeded'),
  {
    signal = new AbortController().signal,
    ...more
  }: Partial<DownloadObserver> & { readonly signal?: AbortSignal } = {},
) {
  const events: Record<string, unknown>[] = [];
  const wanted = wantedFiles({ ...job, layers: [LAYER] }, folder, { frames: true, films: true, ...choice });
  const observer = { ...downloadJson((line) => events.push(JSON.parse(line))), ...more };
  await downloadJob(farm.client, job, wanted, observer, signal);
  return events;
}
const LAYER = { name: 'main' } as Job['layers'][number];
const times = (name: string) => farm.requests.filter((one) => one === name).length;

test('what is here and right is not fetched again, what is damaged is fetched anew', async () => {
  await startFarm([frameOf(0), frameOf(1)], () => ({ bytes: BYTES }));
  writeFileSync(join(folder, '0000.png'), BYTES);
  const damaged = Buffer.from(BYTES);
  damaged[5_000] = 0;
  writeFileSync(join(folder, '0001.png'), damaged);
  const events = await download();
  expect(events).toMatchObject([
    { event: 'frame', frameNumber: 0, isNew: false },
    { event: 'frame', frameNumber: 1, isNew: true },
  ]);
  expect([times(request(0)), times(request(1))]).toEqual([0, 1]);
  expect(readFileSync(join(folder, '0001.png')).equals(BYTES)).toBe(true);
});

test('a part that an earlier download left is gone on with', async () => {
  await startFarm([frameOf(0)], () => ({ bytes: BYTES }));
  writeFileSync(join(folder, PART), BYTES.subarray(0, 4_000));
  let receivedBytes = 0;
  await download({}, jobIn('succeeded'), {
    received: (sizeBytes) => {
      receivedBytes += sizeBytes;
    },
  });
  expect(receivedBytes).toBe(6_000);
  expect(farm.headersOf(request())).toMatchObject({ range: 'bytes=4000-', 'if-range': `"${hashOf(BYTES)}"` });
  expect(readdirSync(folder)).toEqual(['0000.png']);
  expect(readFileSync(join(folder, '0000.png')).equals(BYTES)).toBe(true);
});

test('a connection that breaks is gone on with where it ended, and a damaged part is given up', async () => {
  let asked = 0;
  let cut: () => void = () => undefined;
  const when = new Promise<void>((resolve) => {
    cut = resolve;
  });
  await startFarm([frameOf(0)], () => {
    asked += 1;
    return asked === 1 ? { bytes: BYTES, breaks: { afterBytes: 3_000, when } } : { bytes: BYTES };
  });
  const downloaded = download();
  await expect.poll(() => statSync(join(folder, PART), { throwIfNoEntry: false })?.size).toBe(3_000);
  cut();
  await downloaded;
  expect(asked).toBe(2);
  expect(farm.headersOf(request())?.range).toBe('bytes=3000-');
  rmSync(join(folder, '0000.png'));
  writeFileSync(join(folder, PART), Buffer.alloc(4_000));
  await download();
  expect(farm.headersOf(request())?.range).toBeUndefined();
  expect(readdirSync(folder)).toEqual(['0000.png']);
  expect(readFileSync(join(folder, '0000.png')).equals(BYTES)).toBe(true);
});

test('what the farm refuses ends it at once with nothing under its name', async () => {
  await startFarm([frameOf(0)], () => ({ status: 404, code: 'resource.not_found', message: 'no object is stored' }));
  await expect(download()).rejects.toMatchObject({ code: 'resource.not_found' });
  expect(readdirSync(folder)).toEqual([]);
});

test('only the frames, layers and kinds that are asked for', async () => {
  await startFarm([frameOf(0), frameOf(1), frameOf(2), frameOf(3, 'other')], () => ({ bytes: BYTES }));
  await download({ range: parseFrameRange('1-2,9'), layer: 'main' });
  expect(readdirSync(folder).sort()).toEqual(['0001.png', '0002.png']);
  await download({ layer: 'main', frames: false });
  expect(readdirSync(folder)).toHaveLength(2);
  await expect(download({ layer: 'nobody' })).rejects.toMatchObject({
    code: 'request.invalid',
    message: expect.stringMatching(/no layer “nobody”; it has main/),
  });
});

test('a place that a file cannot be written to is one clear line', async () => {
  await startFarm([frameOf(0)], () => ({ bytes: BYTES }));
  mkdirSync(join(folder, '0000.png'));
  await expect(download()).rejects.toMatchObject({ code: 'request.invalid', field: '--out' });
  expect(readdirSync(folder)).toEqual(['0000.png', PART]);
});

test('who interrupts while bytes flow is told of an interruption, and what came is gone on with', async () => {
  const interruption = new InterruptedError('interrupted');
  const controller = new AbortController();
  await startFarm([frameOf(0)], () => ({ bytes: BYTES, breaks: { afterBytes: 3_000, when: new Promise(() => {}) } }));
  const downloaded = download({}, jobIn('succeeded'), { signal: controller.signal });
  const over = expect(downloaded).rejects.toBe(interruption);
  await expect.poll(() => statSync(join(folder, PART), { throwIfNoEntry: false })?.size).toBe(3_000);
  controller.abort(interruption);
  await over;
  expect(readdirSync(folder)).toEqual([PART]);
});

test('who interrupts while a download waits to be tried again is told of an interruption', async () => {
  const interruption = new InterruptedError('interrupted');
  const controller = new AbortController();
  await startFarm([frameOf(0)], () => ({ status: 503, code: 'server.draining' }));
  const waiting = () => setTimeout(() => controller.abort(interruption), 10);
  await expect(download({}, jobIn('succeeded'), { signal: controller.signal, waiting })).rejects.toBe(interruption);
});

test('bytes that the farm has stored wrong are fetched twice, and said to be damaged there', async () => {
  const damaged = Buffer.from(BYTES);
  damaged[5_000] = 0;
  await startFarm([frameOf(7)], () => ({ bytes: damaged }));
  const waits: string[] = [];
  const waiting = (error: KilnError) => waits.push(waitingText(error));
  await expect(download({}, jobIn('succeeded'), { waiting })).rejects.toMatchObject({
    code: 'upload.hash_mismatch',
    message: expect.stringMatching(/stored of 0007\.png is damaged: .+frame 7 of layer “main” .+--frames 7/),
  });
  expect(waits).toEqual(['0007.png arrived damaged']);
  expect(times(request(7))).toBe(2);
  expect(readdirSync(folder)).toEqual([]);
});
