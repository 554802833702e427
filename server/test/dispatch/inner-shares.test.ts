/** Whose turn it is inside a tenant: users, then priority, then jobs; and what waiting adds. */
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noteGiven } from '../../src/dispatch/ageing.ts';
import type { Candidate } from '../../src/dispatch/candidate.ts';
import type { PickWorker } from '../../src/dispatch/desk.ts';
import { type PickInput, pick } from '../../src/dispatch/pick.ts';
import { ShareBook } from '../../src/dispatch/share-book.ts';
import { readCursors } from '../../src/dispatch/snapshot.ts';
import { userKey } from '../../src/dispatch/turns.ts';
import { addAttemptRow, addJobRows, addSceneRow } from '../job-rows.ts';
import { openTestStore, type TestStore } from '../store-fixture.ts';

const worker = (slots: number): PickWorker => ({
  ...{ id: 'w', slots, adapterClass: 'one', rendering: 0, renderingBy: [], filming: 0, queuedMs: null },
  abilities: [{ engine: 'raster', backend: 'webgl' }],
  ...{ loaded: new Set(), tenants: new Set(), importing: new Set<string>(), filmMakers: [] },
});

const cursor = (jobId: string, more: Partial<Extract<Candidate, { kind: 'cursor' }>> = {}): Candidate => ({
  kind: 'cursor',
  ...{ jobId, layerId: `l-${jobId}`, tenantId: 't', sceneId: 's', sceneHash: 'h', priority: 50, createdAtMs: 0 },
  ...{ position: 0, frameTimeoutMs: 1, isRunning: true, division: null, next: 0, remaining: 100 },
  ...{ engine: 'raster', backend: 'auto', classPolicy: 'prefer', jobClass: null, frameClass: null, taskMs: null },
  ...more,
});

/** Jobs in the order in which something of them is given out. */
const order = (candidates: Candidate[], loads: Partial<NonNullable<PickInput['loads']>> = {}, slots = 2) =>
  pick({
    workers: [worker(slots)],
    candidates,
    usage: { render: new Map(), import: new Map(), film: new Map() },
    loads: { ofUser: () => 0, ofJob: () => 0, ...loads },
  }).map((one) => ('jobId' in one ? one.jobId : ''));

describe('inside a tenant', () => {
  test('users take turns, whatever the priorities of their jobs and however many they have', () => {
    const jobs = [
      cursor('ann-1', { user: 'ann', priority: 90 }),
      cursor('ann-2', { user: 'ann', priority: 90 }),
      cursor('bea', { user: 'bea', priority: 10 }),
    ];
    expect(order(jobs)).toEqual(['ann-1', 'bea', 'ann-2', 'bea', 'ann-1', 'bea']);
  });

  test('who has had much lately waits for who has had less', () => {
    const jobs = [cursor('ann', { user: 'ann' }), cursor('bea', { user: 'bea' }), cursor('nobody')];
    const had = new Map([
      [userKey('t', 'ann'), 1_000],
      [userKey('t', null), 15],
    ]);
    expect(order(jobs, { ofUser: (key) => had.get(key) ?? 0 })).toEqual([
      'bea',
      'bea',
      'nobody',
      'bea',
      'nobody',
      'bea',
    ]);
  });

  test('of one user priority decides, and jobs that are equally urgent share by what they have had', () => {
    const jobs = [cursor('old'), cursor('new', { createdAtMs: 9 }), cursor('low', { priority: 49 })];
    expect(order(jobs, { ofJob: (id) => (id === 'old' ? 25 : 0) })).toEqual(['new', 'new', 'new', 'old', 'new', 'old']);
    expect(order([cursor('urgent', { priority: 51, remaining: 2 }), ...jobs])).toEqual([
      ...['urgent', 'urgent', 'old', 'new', 'old', 'new'],
    ]);
  });

  test('what waiting has added is spent with one task', () => {
    const jobs = [cursor('urgent', { priority: 80 }), cursor('starving', { priority: 10, gained: 71 })];
    expect(order(jobs)).toEqual(['starving', 'urgent', 'urgent', 'urgent', 'urgent', 'urgent']);
    expect(order([jobs[0] ?? cursor(''), cursor('starving', { priority: 10, gained: 69 })])[0]).toBe('urgent');
  });

  test('nobody starves: in a stream of urgent jobs the least urgent one is given something, again and again', () => {
    const had = { ofJob: (id: string) => (id === 'urgent' ? 50 : 0) };
    let waitedMin = 0;
    const times: number[] = [];
    for (let minute = 0; minute < 400; minute++) {
      const low = cursor('low', { priority: 0, gained: Math.min(100, waitedMin) });
      const isGiven = order([cursor('urgent', { priority: 100 }), low], had, 1)[0] === 'low';
      if (isGiven) times.push(minute);
      waitedMin = isGiven ? 0 : waitedMin + 1;
    }
    expect(times).toEqual([100, 201, 302]);
  });
});

describe('what is read and written down', () => {
  let opened: TestStore;
  beforeAll(async () => {
    opened = await openTestStore();
  });
  afterAll(() => opened?.dispose());

  test('a job gains a point a minute since it came, or since something of it was given out', async () => {
    const { db } = opened.store;
    const scene = await addSceneRow(db);
    const low = await addJobRows(db, { ...scene, priority: 10 });
    const high = await addJobRows(db, { ...scene, priority: 40 });
    await sql`update jobs set created_at = now() - interval '35 minutes 10 seconds' where id = ${low.jobId}`.execute(
      db,
    );
    const gained = async () =>
      (await readCursors(db, { classes: [], unmet: [] })).map((work) => ('gained' in work ? work.gained : null));
    // The one that has waited goes before, with 45.
    expect(await gained()).toEqual([35, 0]);
    expect(await noteGiven(db, [low.jobId, 'job_nix'])).toEqual([low.jobId]);
    expect(await gained()).toEqual([0, 0]);
    await sql`update jobs set created_at = now() - interval '3 days' where id = ${high.jobId}`.execute(db);
    expect((await gained()).sort()).toEqual([0, 60]);
  });

  test('what users and jobs have had is charged apart, and that of users counts for who leads next', async () => {
    const { db } = opened.store;
    let nowMs = 1_000_000;
    const book = () => new ShareBook({ db, halfLifeMs: 600_000, monotonicMs: () => nowMs });
    const scene = await addSceneRow(db);
    const { jobId, taskIds } = await addJobRows(db, { ...scene, tasks: 1, taskState: 'leased' });
    await sql`update jobs set user_name = 'ann' where id = ${jobId}`.execute(db);
    const first = book();
    await first.read();
    const attemptId = await addAttemptRow(db, taskIds[0] ?? '', { state: 'running', startedAt: new Date() });
    await sql`update attempts set started_at = now() - interval '1 hour', ended_at = now() + interval '40 seconds',
      state = 'succeeded' where id = ${attemptId}`.execute(db);
    await first.read();
    const had = first.users.of(userKey(scene.tenantId, 'ann'));
    expect(had).toBeGreaterThan(0);
    expect(first.users.of(userKey(scene.tenantId, null))).toBe(0);
    expect(first.jobs.of(jobId)).toBeCloseTo(had, 5);
    await first.write();
    const second = book();
    await second.read();
    const left = second.users.of(userKey(scene.tenantId, 'ann'));
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(had);
    nowMs += 600_000;
    expect(second.users.of(userKey(scene.tenantId, 'ann'))).toBeCloseTo(left / 2, 5);
  });
});
