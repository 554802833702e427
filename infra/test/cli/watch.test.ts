import type { JobChange } from '@kiln/shared';
import { afterEach, expect, test } from 'vitest';
import { FrameRate } from '../../src/cli/frame-rate.ts';
import { StatusLine } from '../../src/cli/status-line.ts';
import { watchJob } from '../../src/cli/watch/watch-job.ts';
import { watchJson } from '../../src/cli/watch/watch-json.ts';
import { watchReporter } from '../../src/cli/watch/watch-reporter.ts';
import { FRAME, jobIn, type ScriptedFarm, startScriptedFarm } from './support/scripted-farm.ts';

let farm: ScriptedFarm;
afterEach(() => farm?.close());

const AT = '2026-01-01T00:00:00.000Z';
const { layers: _, ...CHANGE } = jobIn('running');
const change = (more: Partial<JobChange>): JobChange => ({ ...CHANGE, ...more });

test('a job is followed by its events to its end, and left alone', async () => {
  farm = await startScriptedFarm((name) =>
    name === `GET /jobs/${FRAME.jobId}` ? { body: { ...jobIn('running'), frameCount: 2 } } : undefined,
  );
  const lines: { readonly event: string }[] = [];
  const observer = watchJson((line) => lines.push(JSON.parse(line)));
  const ended = watchJob(farm.client, FRAME.jobId, observer, new AbortController().signal);
  await expect.poll(() => farm.requests.length).toBe(2);
  const events = [
    { type: 'frame', data: FRAME },
    { type: 'job', data: change({ frameCount: 2, framesDone: 1 }) },
    { type: 'job', data: change({ frameCount: 2, framesDone: 1, state: 'paused' }) },
    { type: 'job', data: change({ frameCount: 2, framesDone: 2, state: 'succeeded' }) },
  ];
  for (const [index, event] of events.entries()) farm.tell({ id: index + 1, at: AT, ...event });
  expect(await ended).toMatchObject({ state: 'succeeded', framesDone: 2 });
  expect(lines.map(({ event }) => event)).toEqual(['job', 'frame', 'job', 'job', 'paused', 'job']);
  expect(farm.requests.every((name) => name.startsWith('GET '))).toBe(true);
  await expect.poll(() => farm.openStreams()).toBe(0);
});

test('a job that the farm holds is told as that, by its events, and not as paused', async () => {
  farm = await startScriptedFarm((name) =>
    name === `GET /jobs/${FRAME.jobId}` ? { body: { ...jobIn('queued'), frameCount: 2 } } : undefined,
  );
  const written: string[] = [];
  const status = new StatusLine({ write: (text: string) => written.push(text.trimEnd()) });
  const reporter = watchReporter(status, () => 0);
  const ended = watchJob(farm.client, FRAME.jobId, reporter, new AbortController().signal);
  await expect.poll(() => farm.requests.length).toBe(2);
  const budget = { reason: 'budget', message: 'Would take 2 h, and its budget is 1h' } as const;
  const approval = { reason: 'approval', message: 'Its test frame is done' } as const;
  const events = [
    change({ frameCount: 2, state: 'paused', waitsFor: budget }),
    change({ frameCount: 2, state: 'paused', waitsFor: { ...budget, message: 'and its budget is 90m' } }),
    change({ frameCount: 2, state: 'queued', waitsFor: null }),
    change({ frameCount: 2, framesDone: 1, waitsFor: approval }),
    change({ frameCount: 2, framesDone: 1, state: 'paused', waitsFor: null }),
    change({ frameCount: 2, framesDone: 2, state: 'succeeded', waitsFor: null }),
  ];
  for (const [index, data] of events.entries()) farm.tell({ id: index + 1, at: AT, type: 'job', data });
  expect(await ended).toMatchObject({ state: 'succeeded' });
  expect(written.filter((line) => /^(Waiting|Paused) +[^\d ]/.test(line))).toEqual([
    `Waiting    ${budget.message}`,
    `Waiting    ${approval.message}`,
    `Paused     \`kiln job ${FRAME.jobId} --resume\` lets it go on`,
  ]);
});

test('Ctrl-C ends the watching and nothing else', async () => {
  farm = await startScriptedFarm((name) => (name.startsWith('GET /jobs/') ? { body: jobIn('running') } : undefined));
  const interrupt = new AbortController();
  const ended = watchJob(
    farm.client,
    FRAME.jobId,
    watchJson(() => undefined),
    interrupt.signal,
  );
  await expect.poll(() => farm.openStreams()).toBe(1);
  interrupt.abort(new Error('interrupted'));
  await expect(ended).rejects.toThrow('interrupted');
  expect(farm.requests.every((name) => name.startsWith('GET '))).toBe(true);
});

test('elsewhere than on a terminal it is a line for each thing that happens', () => {
  const written: string[] = [];
  const reporter = watchReporter(new StatusLine({ write: (text: string) => written.push(text.trimEnd()) }), () => 0);
  reporter.watching({ ...jobIn('queued'), name: 'Box\u001b[2J', frameCount: 2 });
  const wait = { reason: 'limit', message: 'its tenant has 6 of 6 slots' } as const;
  reporter.waitsFor(wait);
  reporter.waitsFor({ ...wait, message: 'its tenant has 7 of 6 slots' });
  reporter.job(change({ frameCount: 2, framesDone: 1 }));
  reporter.frame(FRAME);
  reporter.frameFailed({ layer: 'main', frameNumbers: [1], code: 'render.failed', message: 'a\nb', willRetry: true });
  expect(written).toEqual([
    `Job        ${FRAME.jobId}  Box [2J`,
    'Waiting    0/2',
    'Waiting    its tenant has 6 of 6 slots',
    'Frame      0 is done',
    'Frame      1 failed: render.failed: a b (trying again)',
  ]);
});

test('on a terminal it is one living line with what is done, what it waits for, and how long it takes', () => {
  const written: string[] = [];
  let nowMs = 0;
  const terminal = { write: (text: string) => written.push(text), isTTY: true, columns: 200 };
  const reporter = watchReporter(new StatusLine(terminal), () => nowMs);
  reporter.watching({ ...jobIn('queued'), frameCount: 10 });
  reporter.waitsFor({ reason: 'workers', message: 'no worker is connected' });
  expect(written.at(-1)).toMatch(/Waiting .* 0\/10 {2}no worker is connected$/);
  reporter.job(change({ frameCount: 10, framesDone: 0 }));
  nowMs = 30_000;
  reporter.job(change({ frameCount: 10, framesDone: 5, framesFailed: 1 }));
  expect(written.at(-1)).toMatch(/Rendering .*█.* 6\/10 {2}1 failed {2}10 frames\/min, about 24 s left$/);
});

test('a speed is known after two frames some seconds apart, and begins anew when frames are drawn again', () => {
  const rate = new FrameRate();
  rate.add(3, 0);
  expect(rate.pace(10)).toBeNull();
  rate.add(9, 60_000);
  expect(rate.pace(10)).toEqual({ framesPerMin: 6, leftMs: 100_000 });
  rate.add(1, 90_000);
  expect(rate.pace(10)).toBeNull();
});
