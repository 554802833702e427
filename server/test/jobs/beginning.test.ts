/** [LV39] Jobs whose frame begins with the samples of a live view, in the store. */
import type { HandedRange } from '@kiln/shared';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Change, createChange } from '../../src/events/changes.ts';
import { AbilityMemory } from '../../src/jobs/abilities.ts';
import { JobLayers } from '../../src/jobs/layers.ts';
import { releaseBeginnings } from '../../src/jobs/release-beginnings.ts';
import { Submissions } from '../../src/jobs/submit.ts';
import { IDENTITY } from '../fake-worker.ts';
import { makeId, REPORT } from '../farm-fixture.ts';
import { addSceneRow, type SceneRow } from '../job-rows.ts';
import { openTestStore, type TestStore } from '../store-fixture.ts';

let opened: TestStore;
let scene: SceneRow;
let workerId: string;
/** Transactions that are committed before their answer is lost. */
let lostAnswers = 0;

beforeAll(async () => {
  opened = await openTestStore();
});
beforeEach(async () => {
  const { db } = opened.store;
  scene = await addSceneRow(db);
  await db
    .updateTable('scenes')
    .set({ report: JSON.stringify(REPORT) })
    .where('id', '=', scene.sceneId)
    .execute();
  await db.deleteFrom('workers').execute();
  workerId = makeId('worker');
  const identity = JSON.stringify(IDENTITY);
  const row = {
    id: workerId,
    secret_hash: workerId,
    identity,
    status: null,
    state: 'ready',
    seen_at: new Date(),
  } as const;
  await db.insertInto('workers').values(row).execute();
});
afterAll(() => opened?.dispose());

const change: Change = async (work) => {
  const { db } = opened.store;
  const result = await createChange({ db, announce: () => {}, now: () => new Date() })(work);
  if (lostAnswers === 0) return result;
  lostAnswers -= 1;
  throw Object.assign(new Error('the connection broke'), { code: '08006' });
};

/** A job of 64 samples, whose view has sums of so many. */
async function begun(...counts: number[]) {
  const { db } = opened.store;
  const now = () => new Date();
  const submissions = new Submissions({
    ...{ db, change, objects: { has: async () => true }, layers: new JobLayers(), newId: makeId, now },
    abilities: new AbilityMemory(db, { now, monotonicMs: () => performance.now() }),
    onSubmitted: () => {},
    estimates: () => ({ costsOf: async () => null, ofHistory: async () => null, checkBudget: () => {} }),
  });
  const layer = { frames: '0', samples: 64, size: { widthPx: 64, heightPx: 64 } };
  let first = 0;
  const ranges = counts.map((count): HandedRange => {
    const samples = { first, count };
    first += count;
    return { samples, sha256: `${first}`.padStart(64, 'a'), sizeBytes: 1 };
  });
  const handOver = async () => ({ sessionId: makeId('session'), workerId, ranges, backend: 'webgl' as const });
  const { job } = await submissions.submitBegun(
    scene.tenantId,
    { sceneId: scene.sceneId, layers: [layer] },
    {},
    handOver,
  );
  return job;
}

const tasksOf = (jobId: string) =>
  opened.store.db
    .selectFrom('tasks')
    .select(['kind', 'state', 'needs', 'adapter_class'])
    .where('job_id', '=', jobId)
    .orderBy('kind')
    .execute();
const piecesOf = async (jobId: string) =>
  opened.store.db
    .selectFrom('pieces as p')
    .innerJoin('tasks as t', 't.id', 'p.task_id')
    .select('p.sample_count')
    .where('t.job_id', '=', jobId)
    .orderBy('p.first_sample')
    .execute();

const release = () => releaseBeginnings(opened.store.db, change);
const longAgo = sql<Date>`now() - interval '100 seconds'`;

test('[LV39] tasks and sums are written with the job, once, though the answer of the commit is lost', async () => {
  lostAnswers = 1;
  const job = await begun(32, 16, 4);
  expect(job).toMatchObject({ reusedSamples: 52, adapterClass: IDENTITY.adapterClass });
  expect(await tasksOf(job.id)).toEqual([
    { kind: 'assemble', state: 'blocked', needs: 1, adapter_class: IDENTITY.adapterClass },
    { kind: 'render', state: 'waiting', needs: 0, adapter_class: null },
  ]);
  expect((await piecesOf(job.id)).map(({ sample_count }) => sample_count)).toEqual([32, 16, 4]);
});

test.each([
  ['that is whole', [64]],
  ['of which a part is there', [32]],
])('[LV39] a frame %s begins anew when nobody of its class has been here for a while', async (_what, counts) => {
  const { db } = opened.store;
  const job = await begun(...counts);
  await sql`update jobs set created_at = ${longAgo} where id = ${job.id}`.execute(db);
  expect(await release()).toBe(0);
  // One that was here a moment ago may restart.
  await db.updateTable('workers').set({ state: 'lost' }).execute();
  expect(await release()).toBe(0);
  await db.updateTable('workers').set({ seen_at: longAgo }).execute();
  expect(await release()).toBe(1);
  expect(await tasksOf(job.id)).toEqual([
    { kind: 'assemble', state: 'blocked', needs: 1, adapter_class: null },
    { kind: 'render', state: 'waiting', needs: 0, adapter_class: null },
  ]);
  expect(await piecesOf(job.id)).toEqual([]);
  const row = await db.selectFrom('jobs').selectAll().where('id', '=', job.id).executeTakeFirstOrThrow();
  expect(row).toMatchObject({ adapter_class: null, reused_samples: 0 });
  expect(await release()).toBe(0);
});
