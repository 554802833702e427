/** What a pass of the dispatcher reads, from rows as they are while jobs run. */
import type { RenderSettings } from '@kiln/shared';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { DISPATCH_LIMITS } from '../../src/dispatch/limits.ts';
import { readCursors, readWaiting } from '../../src/dispatch/snapshot.ts';
import { makeId } from '../farm-fixture.ts';
import { openTestStore, type TestStore } from '../store-fixture.ts';

const MANY = DISPATCH_LIMITS.candidatesPerTenant;

let opened: TestStore;
let tenantId: string;
let sceneId: string;

beforeAll(async () => {
  opened = await openTestStore();
});
beforeEach(async () => {
  tenantId = makeId('tenant');
  sceneId = makeId('scene');
  const { db } = opened.store;
  await db.insertInto('tenants').values({ id: tenantId, name: 'one' }).execute();
  await db
    .insertInto('scenes')
    .values({
      id: sceneId,
      tenant_id: tenantId,
      name: 'a scene',
      state: 'ready',
      scene_hash: 'a'.repeat(64),
      entry: 'scene.glb',
      size_bytes: 1,
      report: null,
      refusal: null,
      thumbnail_sha256: null,
      thumbnail_media_type: null,
      deleted_at: null,
    })
    .execute();
});
afterAll(() => opened?.dispose());

test('layers that no worker can draw hide none that one can', async () => {
  const stuck = await addJob({ layers: MANY, settings: { engine: 'pathtrace', backend: 'webgpu' } });
  const later = await addJob({ layers: 1, settings: { engine: 'raster', backend: 'auto' } });
  const jobs = (await readCursors(opened.store.db)).filter((work) => work.tenantId === tenantId).map(jobOf);
  expect(new Set(jobs)).toEqual(new Set([stuck, later]));
});

test('tasks that no worker can draw hide none that one can', async () => {
  const stuck = await addJob({ layers: 1, settings: { engine: 'pathtrace', backend: 'webgpu' }, waiting: MANY });
  const later = await addJob({ layers: 1, settings: { engine: 'raster', backend: 'auto' }, waiting: 1 });
  const jobs = (await readWaiting(opened.store.db)).filter((work) => work.tenantId === tenantId).map(jobOf);
  expect(new Set(jobs)).toEqual(new Set([stuck, later]));
});

test('of tasks that wait the most urgent are read, however many older ones there are', async () => {
  const settings = { engine: 'raster', backend: 'auto' } as const;
  await addJob({ layers: 1, settings, waiting: MANY });
  const urgent = await addJob({ layers: 1, settings, waiting: 1, priority: 10 });
  const works = (await readWaiting(opened.store.db)).filter((work) => work.tenantId === tenantId);
  expect(works).toHaveLength(MANY);
  expect(works.map(jobOf)).toContain(urgent);
});

const jobOf = (work: { readonly kind: string; readonly jobId?: string }) => work.jobId;

interface JobShape {
  readonly layers: number;
  readonly settings: Pick<RenderSettings, 'engine' | 'backend'>;
  /** Tasks of the first layer that wait. */
  readonly waiting?: number;
  readonly priority?: number;
}

/** @returns the id of an open job, newer than those before. */
async function addJob({ layers, settings, waiting = 0, priority = 0 }: JobShape): Promise<string> {
  const { db } = opened.store;
  const id = makeId('job');
  const counts = { frame_count: 1_000, chunk: 1, task_count: 1_000 };
  await db
    .insertInto('jobs')
    .values({
      id,
      tenant_id: tenantId,
      scene_id: sceneId,
      name: 'a job',
      state: 'queued',
      priority,
      max_attempts: 3,
      frame_timeout_ms: 1_000,
      idempotency_key: null,
      frame_count: 1_000 * layers,
      error: null,
      started_at: null,
      ended_at: null,
    })
    .execute();
  const rows = Array.from({ length: layers }, (_, position) => ({
    id: makeId('layer'),
    job_id: id,
    position,
    name: `layer ${position}`,
    frames: '1-1000',
    ...counts,
    settings: JSON.stringify(settings),
  }));
  await db.insertInto('layers').values(rows).execute();
  const tasks = Array.from({ length: waiting }, (_, index) => ({
    id: makeId('task'),
    tenant_id: tenantId,
    kind: 'render' as const,
    job_id: id,
    layer_id: rows[0]?.id ?? null,
    scene_id: sceneId,
    index,
    state: 'waiting' as const,
    not_before: null,
    ended_at: null,
  }));
  if (tasks.length > 0) await db.insertInto('tasks').values(tasks).execute();
  return id;
}
