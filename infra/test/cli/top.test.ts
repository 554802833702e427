import type { Job, Worker } from '@kiln/shared';
import { expect, test } from 'vitest';
import { textWidth } from '../../src/cli/text-width.ts';
import { FarmView } from '../../src/cli/top/farm-snapshot.ts';
import { FullScreen } from '../../src/cli/top/full-screen.ts';
import { fitScreen, topLines } from '../../src/cli/top/top-screen.ts';
import { jobIn, SCENE } from './support/scripted-farm.ts';

const NOW_MS = Date.parse('2026-01-01T00:10:00.000Z');
const worker = (number: number, more: Partial<Worker> = {}): Worker => ({
  id: `wrk_${String(number).padStart(20, '0')}`,
  state: 'ready',
  name: `node-${number}`,
  pid: null,
  browserPid: null,
  version: '0',
  protocols: [1],
  slots: 2,
  maxSessions: 1,
  capabilities: [],
  autoBackends: { raster: 'webgl', pathtrace: 'webgl' },
  adapterClass: '0'.repeat(16),
  renderer: '',
  backend: '',
  browserVersion: '',
  sandboxed: true,
  browsers: [],
  scenes: [],
  sessions: 0,
  attempts: 0,
  cacheBytes: 0,
  nodeRssBytes: 0,
  browserRssBytes: 0,
  registeredAt: '2026-01-01T00:00:00.000Z',
  seenAt: '2026-01-01T00:09:56.000Z',
  suspendedUntil: null,
  suspendedFor: null,
  ...more,
});
const loaded = { tenantId: `ten_${'0'.repeat(20)}`, sceneHash: SCENE.sceneHash ?? '', loads: 1, sessions: 0 };

/** A view of a farm with these, of which the first job is drawn by the first worker. */
function viewOf(jobs: readonly Job[], workers: readonly Worker[], role: 'member' | 'operator') {
  const asked: string[] = [];
  const answer = (name: string, value: unknown) => async () => {
    asked.push(name);
    return value;
  };
  const attempt = { workerId: workers[0]?.id, state: 'running' };
  const task = { kind: 'render', film: null, frames: [12], part: null, attempts: [attempt] };
  const tenant = { id: 'ten', name: 'Studio', heldSlots: 3, weight: 2, usedSlotSec: 90 };
  const client: unknown = {
    me: answer('me', { role }),
    listWorkers: answer('workers', { items: workers }),
    listJobs: answer('jobs', { items: jobs, next: null }),
    listTasks: answer('tasks', { items: [task], next: null }),
    listScenes: answer('scenes', { items: [SCENE], next: null }),
    listTenants: answer('tenants', { items: [tenant, { ...tenant, name: 'Other', heldSlots: 1 }] }),
  };
  return { asked, view: new FarmView(client as ConstructorParameters<typeof FarmView>[0]) };
}

const running = { ...jobIn('running'), name: 'Car', frameCount: 60, framesDone: 20, framesFailed: 1 };
const queued: Job = {
  ...jobIn('queued'),
  name: 'Box',
  waitsFor: { reason: 'slots', message: 'all 4 slots are busy' },
};

test('a farm is told in sections: slots, workers with what they draw, jobs with pace and waits, tenants with shares', async () => {
  const { view, asked } = viewOf(
    [queued, running],
    [worker(1, { attempts: 5, scenes: [loaded] }), worker(2)],
    'operator',
  );
  const farm = await view.look(NOW_MS);
  const [head, workers, jobs, tenants] = topLines(farm, NOW_MS);
  expect(head?.[0]).toMatch(/ 2\/4 busy {3}2 of 2 workers ready {3}2 jobs under way, 1 running$/);
  expect(workers?.[1]).toMatch(/^node-1 +ready +2\/2 \+3 +4 s ago +Box +Car 12$/);
  // Twenty frames in ten minutes; 39 are left.
  expect(jobs?.[1]).toMatch(/running +50 +████░+ +20\/60 \(1 failed\) +2\.0 +20 min +Car$/);
  expect(jobs?.[2]).toMatch(/queued .*a free slot +Box$/);
  expect(tenants?.slice(1)).toEqual([
    expect.stringMatching(/^Studio +3 +75 % +2 +1 min 30 s$/),
    expect.stringMatching(/^Other +1 +25 % +2/),
  ]);
  await view.look(NOW_MS + 1_000);
  expect(asked.filter((name) => name === 'me' || name === 'scenes')).toEqual(['me', 'scenes']);
});

test('whoever is no operator is shown no tenants, and asks for none', async () => {
  const { view, asked } = viewOf([], [], 'member');
  expect(topLines(await view.look(NOW_MS), NOW_MS).slice(1)).toEqual([['No workers.'], ['No jobs under way.']]);
  expect(asked).not.toContain('tenants');
});

test('in a small terminal nothing wraps or scrolls, long names are cut, and what is left out is counted', async () => {
  const workers = Array.from({ length: 40 }, (_, index) => worker(index, { name: `${'工房'.repeat(30)}-${index}` }));
  const { view } = viewOf([running, { ...queued, name: `\u001b[2J${'x'.repeat(500)}` }], workers, 'operator');
  const sections = topLines(await view.look(NOW_MS), NOW_MS);
  for (const size of [
    { columns: 60, rows: 20 },
    { columns: 10, rows: 3 },
    { columns: 1, rows: 1 },
  ]) {
    const lines = fitScreen(sections, size);
    expect(lines.length).toBeLessThanOrEqual(size.rows);
    for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(size.columns);
    expect(lines.join('')).not.toContain('\u001b');
  }
  const lines = fitScreen(sections, { columns: 100, rows: 20 });
  expect(lines.some((line) => /^… \d\d more$/.test(line))).toBe(true);
  expect(lines.at(-1)).toMatch(/^Other/);
  expect(lines).toHaveLength(20);
});

test('the screen that was there comes back, once', () => {
  const written: string[] = [];
  const screen = new FullScreen({ columns: 20, rows: 5, write: (text) => written.push(text) });
  screen.draw(['one', 'two']);
  expect(written[1]).toBe('\u001b[Hone\u001b[K\r\ntwo\u001b[K\u001b[J');
  screen.leave();
  screen.leave();
  expect(written).toHaveLength(3);
  expect(written[0]).toContain('\u001b[?1049h');
  expect(written[2]).toContain('\u001b[?1049l');
});
