import type { Attempt, Job, Task } from '@kiln/shared';
import { afterEach, expect, test, vi } from 'vitest';
import { changeText, jobText } from '../../src/cli/job-text.ts';
import { framesText, percentDone } from '../../src/cli/job-words.ts';
import { main } from '../../src/cli/main.ts';
import { jobIn, type ScriptedFarm, startScriptedFarm } from './support/scripted-farm.ts';

let farm: ScriptedFarm | undefined;
afterEach(async () => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
  await farm?.close();
  farm = undefined;
});

const id = (prefix: string, digit = '0') => `${prefix}_${digit.repeat(20)}`;
const layer = (name: string, digit: string) => ({ id: id('lay', digit), name }) as Job['layers'][number];
const LAYERS = [layer('plate', '1'), layer('hero', '2')];
const NOW = '2026-01-01T00:00:00.000Z';

const failed = (reason: string, fault: Attempt['fault'], endedAt: string): Attempt => ({
  id: id('att'),
  taskId: id('tsk'),
  number: 1,
  state: 'failed',
  workerId: id('wrk'),
  workerName: 'north',
  leaseEpoch: 1,
  leaseExpiresAt: null,
  reason,
  fault,
  message: null,
  resultHash: null,
  resumedFromSample: null,
  frames: [],
  log: [],
  createdAt: NOW,
  startedAt: NOW,
  endedAt,
});
const task = (layerId: string, more: Partial<Task> = {}): Task => ({
  id: id('tsk'),
  jobId: id('job'),
  layerId,
  kind: 'render',
  index: 0,
  frames: [1],
  part: null,
  film: null,
  state: 'waiting',
  attempts: [],
  ...more,
});
const PLATE = id('lay', '1');
const HERO = id('lay', '2');
const tableOf = (text: string) => text.slice(text.indexOf('\n\n') + 2).split('\n');

test('tasks of several layers are told apart, and whose fault a failure is', () => {
  const attempts = [failed('render.failed', 'worker', NOW)];
  const tasks = [task(PLATE), task(HERO, { state: 'failed', attempts })];
  const [header, ...rows] = tableOf(jobText({ ...jobIn('running'), layers: LAYERS }, tasks));
  expect(header).toMatch(/^LAYER +FRAME +STATE +TRY +WORKER +STAGES +REASON +FAULT$/);
  expect(rows).toEqual([
    expect.stringMatching(/^plate +1 +waiting$/),
    expect.stringMatching(/^hero +1 +failed +1 +north +render\.failed +the worker’s$/),
  ]);
  expect(tableOf(jobText({ ...jobIn('running'), layers: LAYERS.slice(0, 1) }, tasks))[0]).toMatch(/^FRAME/);
});

test('a frame whose parts failed says the last reason of one', () => {
  const part = {
    region: { x: 0, y: 0, widthPx: 8, heightPx: 8 },
    samples: { first: 0, count: 4 },
  } as unknown as NonNullable<Task['part']>;
  const tasks = [
    task(PLATE, { part, state: 'failed', attempts: [failed('render.timeout', 'worker', '2026-01-01T00:02:00.000Z')] }),
    task(PLATE, { part, attempts: [failed('storage.full', 'infrastructure', '2026-01-01T00:01:00.000Z')] }),
    task(PLATE, { frames: [2], part, attempts: [failed('render.failed', 'worker', '2026-01-01T00:09:00.000Z')] }),
    task(PLATE, { kind: 'assemble', state: 'failed' }),
  ];
  const rows = tableOf(jobText({ ...jobIn('failed'), layers: LAYERS.slice(0, 1) }, tasks));
  expect(rows.at(-1)).toMatch(/^1: all parts +failed +a part: render\.timeout +the worker’s$/);
});

test('what is done is what is there, and large numbers can be read', () => {
  const none = { framesDone: 0, framesFailed: 8, frameCount: 8 };
  expect([percentDone(none), framesText(none)]).toEqual(['0 %', '0/8 (8 failed)']);
  const many = { framesDone: 999_999, framesFailed: 0, frameCount: 1_000_000 };
  expect([percentDone(many), framesText(many)]).toEqual(['99 %', '999,999/1,000,000']);
});

test('a change prints the head with what was there before, and asks for no tasks', async () => {
  const before: Job = { ...jobIn('running'), maxSlots: 2, tags: ['hero'] };
  const now: Job = { ...before, priority: 80, maxSlots: 1, tags: [], maxAttempts: 1, maxFailedTasks: 1 };
  const lines = changeText(before, now).split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      'State    running',
      'Priority 80 (was 50)',
      'Tags     none (was hero)',
      'Limits   1 slot (was 2 slots)',
      'Retries  0 (was 2)',
      'Stops    when 1 task failed (was none)',
    ]),
  );
  let asked = 0;
  farm = await startScriptedFarm((request) => {
    if (request !== `GET /jobs/${now.id}`) return request.startsWith('PATCH') ? { body: now } : undefined;
    asked += 1;
    return { body: asked === 1 ? before : now };
  });
  const printed = vi.spyOn(console, 'log').mockReturnValue();
  const args = ['job', now.id, '--url', farm.client.connection.url, '--api-key', 'key'];
  await main([...args, '--priority', '80', '--require', 'tag=fast,gpu=RTX', '--require', 'memory=16G']);
  expect(printed.mock.calls).toEqual([[lines.join('\n')]]);
  expect(farm.requests).not.toContain(`GET /jobs/${now.id}/tasks`);
  expect(farm.bodyOf(`PATCH /jobs/${now.id}`)).toEqual({
    priority: 80,
    requires: { tags: ['fast'], gpu: 'RTX', memoryBytes: 16 * 1_024 ** 3 },
  });
});

test('several jobs are changed, each for itself; without a change they are not shown', async () => {
  const other = `job_${'1'.repeat(20)}`;
  const now = jobIn('cancelled');
  farm = await startScriptedFarm((request) => {
    if (request === `POST /jobs/${other}/cancel`) {
      const error = { code: 'resource.conflict', message: 'it is over', retryable: false, requestId: 'r' };
      return { status: 409, body: { error } };
    }
    return request.includes(now.id) ? { body: now } : undefined;
  });
  const [printed, complained] = [
    vi.spyOn(console, 'log').mockReturnValue(),
    vi.spyOn(console, 'error').mockReturnValue(),
  ];
  const args = ['job', other, now.id, '--url', farm.client.connection.url, '--api-key', 'key'];
  expect(await main([...args, '--cancel'])).toBe(2);
  process.exitCode = undefined;
  expect(complained.mock.calls).toEqual([[`${other}  error resource.conflict: it is over`]]);
  expect(printed.mock.calls).toEqual([[`${now.id}  cancelled  ${now.name}`]]);
  expect(await main(args)).toBe(2);
  expect(complained.mock.lastCall?.[0]).toContain('Several jobs can be changed');
});

test('frames that cannot be retried are told by the option that named them', async () => {
  farm = await startScriptedFarm((request) =>
    request.endsWith('/retry')
      ? { status: 400, code: 'request.invalid', message: 'frame 3 has not failed', field: '/frames' }
      : undefined,
  );
  const said = vi.spyOn(console, 'error').mockReturnValue();
  const args = ['job', id('job'), '--url', farm.client.connection.url, '--api-key', 'key'];
  expect(await main([...args, '--retry', '3'])).toBe(2);
  expect(said).toHaveBeenCalledWith('error request.invalid: frame 3 has not failed (--retry)');
});
