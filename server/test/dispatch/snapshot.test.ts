/** What a pass of the dispatcher reads, from rows as they are while jobs run. */
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { DISPATCH_LIMITS } from '../../src/dispatch/limits.ts';
import type { Reach } from '../../src/dispatch/reach.ts';
import { readCursors, readWaiting, type Work } from '../../src/dispatch/snapshot.ts';
import { isIdle } from '../../src/dispatch/waiting-tasks.ts';
import { addJobRows, addSceneRow, type SceneRow } from '../job-rows.ts';
import { openTestStore, type TestStore } from '../store-fixture.ts';

const HERE: Reach = { classes: ['0123456789abcdef'], unmet: [] };
const MANY = DISPATCH_LIMITS.candidatesPerTenant;

let opened: TestStore;
let scene: SceneRow;

beforeAll(async () => {
  opened = await openTestStore();
});
beforeEach(async () => {
  scene = await addSceneRow(opened.store.db);
});
afterAll(() => opened?.dispose());

const addJob = async (shape: Omit<Parameters<typeof addJobRows>[1], keyof SceneRow>) =>
  (await addJobRows(opened.store.db, { ...scene, ...shape })).jobId;
const jobsOf = (works: readonly Work[]) =>
  works.flatMap((work) => (work.kind !== 'import' && work.tenantId === scene.tenantId ? [work.jobId] : []));

test('layers that no worker can draw hide none that one can', async () => {
  const stuck = await addJob({ layers: MANY, settings: { engine: 'pathtrace', backend: 'webgpu' } });
  const later = await addJob({});
  expect(new Set(jobsOf(await readCursors(opened.store.db, HERE)))).toEqual(new Set([stuck, later]));
});

test('tasks that no worker can draw hide none that one can', async () => {
  const stuck = await addJob({ settings: { engine: 'pathtrace', backend: 'webgpu' }, tasks: MANY });
  const later = await addJob({ tasks: 1 });
  expect(new Set(jobsOf(await readWaiting(opened.store.db, HERE)))).toEqual(new Set([stuck, later]));
});

test.each([
  ['requires', { tags: ['nobody-has-it'] }],
  ['scene_needs', { gpuBytes: 1e12, texturePx: 0 }],
])('work that few or no workers may draw for its %s hides none that others may', async (column, needs) => {
  const { db } = opened.store;
  const stuck = await addJob({ layers: MANY, tasks: MANY, priority: 10 });
  await sql`
    update layers set ${sql.ref(column)} = ${JSON.stringify(needs)}::jsonb where job_id = ${stuck}`.execute(db);
  const later = await addJob({ tasks: 1 });
  const waiting = await readWaiting(db, HERE);
  expect(new Set(jobsOf(waiting))).toEqual(new Set([stuck, later]));
  const cursors = await readCursors(db, HERE);
  expect(new Set(jobsOf(cursors))).toEqual(new Set([stuck, later]));
  for (const work of [...waiting, ...cursors]) {
    if (!('requires' in work) || work.tenantId !== scene.tenantId) continue;
    const { requires, sceneNeeds } = work;
    expect(column === 'requires' ? requires : sceneNeeds).toEqual(work.jobId === stuck ? needs : null);
  }
});

test('of more different things than are looked at, each has its first before any has its second', async () => {
  const { db } = opened.store;
  const most = DISPATCH_LIMITS.candidatesOfAllLanes;
  const plain = await addJob({ layers: 9, tasks: 9, priority: 90 });
  const jobs = [await addJob({ layers: most }), await addJob({ layers: most })];
  for (const job of jobs) {
    await sql`
      update layers set requires = jsonb_build_object('memoryBytes', position + 1) where job_id = ${job}`.execute(db);
    await sql`
      insert into tasks (id, tenant_id, kind, job_id, layer_id, scene_id, index, state)
      select l.id || '-task', ${scene.tenantId}, 'render', l.job_id, l.id, ${scene.sceneId}, 0, 'waiting'
      from layers l where l.job_id = ${job}`.execute(db);
  }
  for (const read of [readWaiting, readCursors]) {
    const found = jobsOf(await read(db, HERE));
    expect(found).toHaveLength(most);
    expect(found.filter((id) => id === plain)).toHaveLength(1);
    expect(found.filter((id) => id === jobs[0])).toHaveLength(most - 1);
  }
});

test('of tasks that wait the most urgent are read, however many older ones there are', async () => {
  await addJob({ tasks: MANY });
  const urgent = await addJob({ tasks: 1, priority: 10 });
  const jobs = jobsOf(await readWaiting(opened.store.db, HERE));
  expect(jobs).toHaveLength(MANY);
  expect(jobs).toContain(urgent);
});

test('what a job gained by waiting puts its tasks before those of newer jobs of higher priority', async () => {
  const old = await addJob({ tasks: 1, priority: 5 });
  await addJob({ tasks: MANY, priority: 10 });
  expect(jobsOf(await readWaiting(opened.store.db, HERE))).not.toContain(old);
  await sql`update jobs set created_at = created_at - interval '6 minutes' where id = ${old}`.execute(opened.store.db);
  const jobs = jobsOf(await readWaiting(opened.store.db, HERE));
  expect(jobs).toHaveLength(MANY);
  expect(jobs).toContain(old);
});

test('jobs that have all slots they allow themselves hide none of lower priority', async () => {
  for (let n = 0; n < MANY; n++) await addJob({ tasks: 1, priority: 10 });
  await sql`update jobs set max_slots = 0 where tenant_id = ${scene.tenantId}`.execute(opened.store.db);
  const later = await addJob({ tasks: 1 });
  expect(jobsOf(await readWaiting(opened.store.db, HERE))).toContain(later);
  expect(jobsOf(await readCursors(opened.store.db, HERE))).toContain(later);
});

test('layers whose tasks may not begin yet hide none whose tasks may', async () => {
  for (let n = 0; n < MANY; n++) await addJob({ tasks: 1, priority: 10 });
  await sql`
    update tasks set not_before = now() + interval '25 seconds' where tenant_id = ${scene.tenantId}`.execute(
    opened.store.db,
  );
  const later = await addJob({ tasks: 1 });
  expect(jobsOf(await readWaiting(opened.store.db, HERE))).toEqual([later]);
});

test('jobs that wait for a worker of their class, and none is here, hide none of lower priority', async () => {
  const { db } = opened.store;
  for (let n = 0; n < MANY; n++) await addJob({ tasks: 1, priority: 10 });
  await sql`
    update jobs set class_policy = 'strict', adapter_class = 'fedcba9876543210'
    where tenant_id = ${scene.tenantId}`.execute(db);
  const later = await addJob({ tasks: 1 });
  for (const read of [readWaiting, readCursors]) {
    expect(jobsOf(await read(db, HERE))).toContain(later);
    const both = { ...HERE, classes: [...HERE.classes, 'fedcba9876543210'] };
    expect(jobsOf(await read(db, both))).not.toContain(later);
  }
});

test('films of jobs that wait for a class that is not here are made by any worker', async () => {
  const { db } = opened.store;
  const film = await addJob({ tasks: 1, layers: 1 });
  await sql`update tasks set kind = 'film' where job_id = ${film}`.execute(db);
  await sql`
    insert into films (task_id, job_id, layer_id, tenant_id, plan)
    select id, job_id, layer_id, tenant_id, '{"format": "mp4"}' from tasks where job_id = ${film}`.execute(db);
  await sql`update jobs set adapter_class = 'not-here', frames_done = 1 where id = ${film}`.execute(db);
  const { rows } = await sql<{ idle: boolean }>`
    select ${isIdle(HERE, sql.ref('t.kind'))} as idle
    from tasks t join jobs j on j.id = t.job_id join layers l on l.id = t.layer_id where t.job_id = ${film}`.execute(
    db,
  );
  expect(rows).toEqual([{ idle: false }]);
  expect(jobsOf(await readWaiting(db, HERE))).toEqual([film]);
});
