import { LIMITS } from '@kiln/shared';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Change, createChange } from '../../src/events/changes.ts';
import { AbilityMemory } from '../../src/jobs/abilities.ts';
import { JobLayers } from '../../src/jobs/layers.ts';
import { Submissions } from '../../src/jobs/submit.ts';
import { jobOf, makeId, REPORT } from '../farm-fixture.ts';
import { addJobRows, addSceneRow, type SceneRow } from '../job-rows.ts';
import { openTestStore, type TestStore } from '../store-fixture.ts';

let opened: TestStore;
let scene: SceneRow;
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
});
afterAll(() => opened?.dispose());

function submissions(): Submissions {
  const { db } = opened.store;
  const now = () => new Date();
  const committing = createChange({ db, announce: () => {}, now });
  const change: Change = async (work) => {
    const result = await committing(work);
    if (lostAnswers === 0) return result;
    lostAnswers--;
    throw Object.assign(new Error('the connection broke'), { code: '08006' });
  };
  const abilities = new AbilityMemory(db, { now, monotonicMs: () => performance.now() });
  return new Submissions({
    objects: { has: async () => true },
    ...{ db, change, abilities, layers: new JobLayers(), newId: makeId, now, onSubmitted: () => {} },
    estimates: () => ({ costsOf: async () => null, ofHistory: async () => null, checkBudget: () => {} }),
  });
}

const jobIds = async () => {
  const rows = await opened.store.db.selectFrom('jobs').select('id').where('tenant_id', '=', scene.tenantId).execute();
  return rows.map(({ id }) => id);
};

test('a commit whose answer is lost makes no job twice, neither alone nor among others', async () => {
  lostAnswers = 1;
  const one = submissions();
  const jobs = await Promise.all([1, 2, 3].map(() => one.submit(scene.tenantId, jobOf(scene.sceneId, '1-5'))));
  expect(new Set(jobs.map(({ id }) => id))).toEqual(new Set(await jobIds()));
  expect(jobs[0]).toMatchObject({ state: 'queued', frameCount: 5, layers: [{ frames: '1-5' }] });
  expect(await jobIds()).toHaveLength(3);
});

test('a tenant has so many open jobs and no more; one that ends makes room', async () => {
  const { db } = opened.store;
  await sql`
    insert into jobs (id, tenant_id, scene_id, name, state, priority, max_attempts, frame_timeout_ms, frame_count,
      class_policy)
    select 'job_' || ${scene.tenantId} || n, ${scene.tenantId}, ${scene.sceneId}, 'a job', 'queued', 50, 3, 1000, 1, 'strict'
    from generate_series(2, ${sql.lit(LIMITS.openJobsPerTenant)}) as n`.execute(db);
  const all = submissions();
  const submit = () => all.submit(scene.tenantId, jobOf(scene.sceneId, '1'));
  const results = await Promise.allSettled([submit(), submit()]);
  // Whichever comes first.
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(results).toContainEqual(
    expect.objectContaining({ reason: expect.objectContaining({ code: 'request.too_many' }) }),
  );
  await db.updateTable('jobs').set({ state: 'cancelled' }).where('id', '=', `job_${scene.tenantId}2`).execute();
  expect(await submit()).toMatchObject({ state: 'queued' });
});

test('a tenant has so many unfinished tasks and no more: those that wait, that are not released and that films are', async () => {
  const { db } = opened.store;
  const limit = (max_open_tasks: number) =>
    db.updateTable('tenants').set({ max_open_tasks }).where('id', '=', scene.tenantId).execute();
  const all = submissions();
  const films = [{ format: 'mp4' }] as const;
  const submit = (frames: string, more: object = {}) => {
    const job = jobOf(scene.sceneId, frames);
    return all.submit(scene.tenantId, { ...job, layers: job.layers.map((layer) => ({ ...layer, ...more })) });
  };
  await limit(1_010);
  const { jobId } = await addJobRows(db, { ...scene, tasks: 4 });
  // Four of its thousand are released, one of these is done.
  await db.updateTable('layers').set({ released: 4 }).where('job_id', '=', jobId).execute();
  const [done] = await db.selectFrom('tasks').select('id').where('job_id', '=', jobId).execute();
  await db
    .updateTable('tasks')
    .set({ state: 'succeeded' })
    .where('id', '=', done?.id ?? '')
    .execute();
  await expect(submit('1-12')).rejects.toMatchObject({
    code: 'request.too_many',
    field: '/layers',
    message: expect.stringMatching(/make 12 tasks.* has 999 of at most 1010 /),
  });
  await expect(submit('1-1011')).rejects.toMatchObject({ code: 'job.too_large', field: '/layers' });
  const together = await Promise.allSettled([submit('1-6'), submit('1-6'), submit('1-4', { films })]);
  expect(together.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  await expect(submit('1')).rejects.toMatchObject({ message: expect.stringMatching(/ has 1010 of at most 1010 /) });
  await db.updateTable('jobs').set({ state: 'cancelled' }).where('tenant_id', '=', scene.tenantId).execute();
  await db.updateTable('tasks').set({ state: 'cancelled' }).where('tenant_id', '=', scene.tenantId).execute();
  expect(await submit('1-1010')).toMatchObject({ state: 'queued' });
});

test('a plan says what the job would be, or why not, and makes none', async () => {
  const one = submissions();
  expect(await one.plan(scene.tenantId, jobOf(scene.sceneId, '1-5'))).toEqual({
    frameCount: 5,
    taskCount: 5,
    layers: [{ name: 'main', frameCount: 5, taskCount: 5 }],
    estimate: null,
    warnings: [],
  });
  const request = jobOf(scene.sceneId, '1');
  const layers = request.layers.map((layer) => ({ ...layer, camera: 'Nowhere' }));
  await expect(one.plan(scene.tenantId, { ...request, layers })).rejects.toMatchObject({ code: 'job.unknown_camera' });
  await expect(one.plan(makeId('tenant'), request)).rejects.toMatchObject({ code: 'resource.not_found' });
  expect(await jobIds()).toEqual([]);
});

test('a key belongs to what it was first used for: another request is refused, and names the job', async () => {
  const one = submissions();
  const request = { ...jobOf(scene.sceneId, '1-5'), idempotencyKey: 'shot' };
  const { layers, ...rest } = request;
  const job = await one.submit(scene.tenantId, request);
  expect(await one.submit(scene.tenantId, { layers, ...rest })).toMatchObject({ id: job.id });
  const other = { ...jobOf(scene.sceneId, '1-6'), idempotencyKey: 'shot' };
  const refusal = { code: 'resource.conflict', message: expect.stringContaining(job.id) };
  await expect(one.submit(scene.tenantId, other)).rejects.toMatchObject(refusal);
  const batch = [jobOf(scene.sceneId, '1'), other];
  await expect(one.submitAll(scene.tenantId, batch)).rejects.toMatchObject({
    ...refusal,
    field: '/jobs/1/idempotencyKey',
  });
  // At once, with a key that nobody had before.
  const [first, second] = await Promise.allSettled([
    one.submit(scene.tenantId, { ...request, idempotencyKey: 'new' }),
    one.submit(scene.tenantId, { ...other, idempotencyKey: 'new' }),
  ]);
  expect([first?.status, second?.status].sort()).toEqual(['fulfilled', 'rejected']);
  // Of jobs of earlier versions it is not known.
  await sql`update jobs set request_hash = null where id = ${job.id}`.execute(opened.store.db);
  expect(await one.submit(scene.tenantId, other)).toMatchObject({ id: job.id });
});

test('many jobs are submitted at once, all or none, and each key once', async () => {
  const one = submissions();
  const requests = Array.from({ length: LIMITS.batchJobs }, (_, n) => ({
    ...jobOf(scene.sceneId, `1-${n + 1}`),
    ...(n % 2 === 0 ? { idempotencyKey: `shot-${n}` } : {}),
  }));
  lostAnswers = 1;
  const jobs = await one.submitAll(scene.tenantId, requests);
  expect(jobs.map(({ frameCount }) => frameCount)).toEqual(requests.map((_, n) => n + 1));
  expect(await jobIds()).toHaveLength(LIMITS.batchJobs);
  const again = await one.submitAll(scene.tenantId, [...requests.slice(0, 4), jobOf(scene.sceneId, '7')]);
  expect(again.map(({ id }) => id).slice(0, 4)).toEqual([
    jobs[0]?.id,
    expect.anything(),
    jobs[2]?.id,
    expect.anything(),
  ]);
  expect(await jobIds()).toHaveLength(LIMITS.batchJobs + 3);
  const bad = [jobOf(scene.sceneId, '1'), jobOf(scene.sceneId, '3,1-9')];
  await expect(one.submitAll(scene.tenantId, bad)).rejects.toMatchObject({
    code: 'job.bad_frame_range',
    field: '/jobs/1/layers/0/frames',
    position: 2,
  });
  const twice = [1, 2].map((n) => ({ ...jobOf(scene.sceneId, `${n}`), idempotencyKey: 'same' }));
  await expect(one.submitAll(scene.tenantId, twice)).rejects.toMatchObject({ field: '/jobs/1/idempotencyKey' });
  await opened.store.db
    .updateTable('tenants')
    .set({ max_open_tasks: 600_000 })
    .where('id', '=', scene.tenantId)
    .execute();
  const tooMany = ['1-10', '1-200000'].map((frames) => jobOf(scene.sceneId, frames));
  await expect(one.submitAll(scene.tenantId, tooMany)).rejects.toMatchObject({ field: '/jobs/1/layers' });
  expect(await jobIds()).toHaveLength(LIMITS.batchJobs + 3);
});
