import type { Attempt, Task } from '@kiln/shared';
import { afterEach, expect, test } from 'vitest';
import { attemptLogs, logText } from '../../src/cli/logs/attempt-logs.ts';
import { FRAME, jobIn, type ScriptedFarm, startScriptedFarm } from './support/scripted-farm.ts';

let farm: ScriptedFarm;
afterEach(() => farm?.close());

const id = (prefix: string) => `${prefix}_${'0'.repeat(20)}`;
const at = (minute: number) => new Date(2026, 0, 1, 8, minute).toISOString();

const attempt = (number: number, minute: number, more: Partial<Attempt> = {}): Attempt => ({
  id: id('att'),
  taskId: id('tsk'),
  number,
  state: 'succeeded',
  workerId: id('wrk'),
  workerName: 'node-1',
  leaseEpoch: 1,
  leaseExpiresAt: null,
  reason: null,
  fault: null,
  message: null,
  resultHash: null,
  resumedFromSample: null,
  frames: [],
  log: [],
  createdAt: at(minute),
  startedAt: at(minute),
  endedAt: at(minute + 1),
  ...more,
});
const task = (frame: number, attempts: Attempt[]): Task => ({
  id: id('tsk'),
  jobId: id('job'),
  layerId: id('lay'),
  kind: 'render',
  index: frame,
  frames: [frame],
  part: null,
  film: null,
  state: 'succeeded',
  attempts,
});

const broken = { state: 'failed', reason: 'render.failed', fault: 'worker', message: 'the page\ncrashed' } as const;
const { stages } = FRAME;
const TASKS = [
  task(1, [
    attempt(1, 4, { ...broken, log: ['console: \u001b[31mred', 'chromium: a\nb'] }),
    attempt(2, 9, { frames: [{ frameNumber: 1, sha256: '0'.repeat(64), stages }] }),
  ]),
  task(2, [attempt(1, 6, { state: 'lost', workerName: 'node-2', endedAt: null })]),
];

const logs = async (choice: Parameters<typeof attemptLogs>[2]) => {
  farm = await startScriptedFarm((name) =>
    name.endsWith('/tasks') ? { body: { items: TASKS, next: null } } : undefined,
  );
  return attemptLogs(farm.client.client, jobIn('succeeded'), choice);
};

test('attempts are told newest last, with what their page and browser said, and nothing that a terminal would obey', async () => {
  expect(logText(await logs({ failed: false }), false).split('\n')).toEqual([
    '1, try 1: failed  node-1  2026-01-01 08:04  1 min 0 s',
    '  why      render.failed: the page crashed',
    '  fault    the worker’s',
    '  | console:  [31mred',
    '  | chromium: a',
    '  | b',
    '',
    '2, try 1: lost  node-2  2026-01-01 08:06',
    '',
    '1, try 2: succeeded  node-1  2026-01-01 08:09  1 min 0 s',
    '  stages   draw 0 ms, encode 0 ms',
  ]);
});

test('only those of a frame, or that failed', async () => {
  expect((await logs({ failed: true })).map(({ task, number }) => [task, number])).toEqual([
    ['1', 1],
    ['2', 1],
  ]);
  await farm.close();
  expect(await logs({ failed: false, frame: 2 })).toMatchObject([{ task: '2', frameNumbers: [2], layer: null }]);
});
