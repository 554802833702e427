/** What the leader remembers between passes, when something changes while it reads. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, type KyselyPlugin, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Board } from '../../src/dispatch/board.ts';
import { DISPATCH_LIMITS } from '../../src/dispatch/limits.ts';
import { ShareBook } from '../../src/dispatch/share-book.ts';
import { UnchargedUse } from '../../src/dispatch/uncharged-use.ts';
import type { Database } from '../../src/store/tables.ts';
import { IDENTITY } from '../fake-worker.ts';
import { makeId } from '../farm-fixture.ts';
import { addAttemptRow, addJobRows, addSceneRow } from '../job-rows.ts';
import { openTestStore, type TestStore } from '../store-fixture.ts';

let opened: TestStore;

beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened?.dispose());

/** @param read is called when each query has its rows, before they are given on. */
const watched = (db: Kysely<Database>, read: () => void): Kysely<Database> =>
  db.withPlugin({
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      read();
      return result;
    },
  } satisfies KyselyPlugin);

async function addWorkerRow(db: Kysely<Database>): Promise<void> {
  await db
    .insertInto('workers')
    .values({
      id: makeId('worker'),
      secret_hash: makeId('worker'),
      identity: JSON.stringify(IDENTITY),
      status: null,
      state: 'ready',
      seen_at: new Date(),
    })
    .execute();
}

test('what is told while the board reads is seen by the next pass', async () => {
  const { db } = opened.store;
  const scene = await addSceneRow(db);
  await addWorkerRow(db);
  await addJobRows(db, scene);
  let queries = 0;
  const board: Board = new Board({
    db: watched(db, () => {
      queries += 1;
      if (queries === 1) board.forgetWorkers();
      if (queries === 4) board.forgetWork();
    }),
    leaseMs: 60_000,
    shares: new ShareBook({ db, halfLifeMs: 60_000, monotonicMs: () => 0 }),
    taskMs: () => null,
  });
  const first = await board.look(new Set());
  expect([first?.workers.length, first?.candidates.length]).toEqual([1, 1]);
  expect(queries).toBe(4);
  // Of these the board was told while it read: its rows do not have them.
  await addJobRows(db, scene);
  await addWorkerRow(db);
  const second = await board.look(new Set());
  expect([second?.workers.length, second?.candidates.length]).toEqual([2, 2]);
});

test('what has ended since the book was read counts, until it is charged', async () => {
  const { db } = opened.store;
  const scene = await addSceneRow(db);
  await addWorkerRow(db);
  const { jobId, taskIds } = await addJobRows(db, { ...scene, tasks: 4, taskState: 'leased' });
  const waiting = await addJobRows(db, scene);
  const shares = new ShareBook({ db, halfLifeMs: 60_000, monotonicMs: () => 0 });
  const board = new Board({ db, leaseMs: 60_000, shares, taskMs: () => 1 });
  const ofJob = async () => (await board.look(new Set()))?.loads?.ofJob(jobId) ?? Number.NaN;
  const end = async (attemptId: string) =>
    sql`update attempts set state = 'succeeded', ended_at = clock_timestamp() where id = ${attemptId}`.execute(db);
  const begin = (n: number) =>
    addAttemptRow(db, taskIds[n] ?? '', { workerId: `w${n}`, state: 'running', startedAt: new Date() });
  await shares.read();
  // What tasks of the job take of a slot is known from the first one.
  const first = await begin(0);
  await ofJob();
  await sleep(50);
  await end(first);
  await shares.read();
  const charged = shares.jobs.of(jobId);
  expect(charged).toBeGreaterThan(0.05);
  const others = [await begin(1), await begin(2), await begin(3)];
  expect(await ofJob()).toBeCloseTo(4 * charged);
  for (const id of others) await end(id);
  expect(await ofJob()).toBeCloseTo(4 * charged);
  await shares.read();
  expect(await ofJob()).toBe(shares.jobs.of(jobId));
  expect(shares.uncharged.ended().next().done).toBe(true);
  expect(waiting.jobId).not.toBe(jobId);
});

test('what was given out and is over before the next look counts too', () => {
  const uncharged = new UnchargedUse();
  const owner = { tenantId: 't', user: null };
  uncharged.given('j', { ...owner, n: 5 });
  uncharged.look(new Map([['j', { ...owner, n: 2 }]]));
  uncharged.given('j', { ...owner, n: 4 });
  uncharged.look(new Map());
  expect([...uncharged.ended()]).toEqual([['j', { ...owner, n: 9 }]]);
  uncharged.charged();
  expect([...uncharged.ended()]).toEqual([]);
});

test.each([
  ['require', sql`requires = jsonb_build_object('tags', jsonb_build_array('nobody-has-' || position))`],
  [
    'are for a back end of',
    sql`settings = settings || '{"engine": "pathtrace", "backend": "webgpu"}',
      scene_needs = jsonb_build_object('gpuBytes', position, 'texturePx', 0)`,
  ],
])(
  'layers that %s what no worker has, more different ones than are looked at, hide none that one can do',
  async (_, set) => {
    const { db } = opened.store;
    const scene = await addSceneRow(db);
    await addWorkerRow(db);
    const many = DISPATCH_LIMITS.candidatesOfAllLanes + 1;
    const { jobId: stuck } = await addJobRows(db, { ...scene, layers: many, priority: 90 });
    await sql`update layers set ${set} where job_id = ${stuck}`.execute(db);
    await sql`
    insert into tasks (id, tenant_id, kind, job_id, layer_id, scene_id, index, state)
    select l.id || '-task', ${scene.tenantId}, 'render', l.job_id, l.id, ${scene.sceneId}, 0, 'waiting'
    from layers l where l.job_id = ${stuck}`.execute(db);
    const { jobId: later } = await addJobRows(db, { ...scene, tasks: 1 });
    const snapshot = await new Board({
      db,
      leaseMs: 60_000,
      shares: new ShareBook({ db, halfLifeMs: 60_000, monotonicMs: () => 0 }),
      taskMs: () => null,
    }).look(new Set());
    const own = (snapshot?.candidates ?? []).filter((one) => 'jobId' in one && one.jobId === later);
    expect(own.map(({ kind }) => kind).sort()).toEqual(['cursor', 'task']);
  },
);
