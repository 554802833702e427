/** What jobs would take, told by earlier ones or by a probe, and compared with what they took. */
import type { Assignment, Estimate, Job, JobPlan, JobRequest } from '@kiln/shared';
import { expect, test } from 'vitest';
import { addScene, addTenant, ask, call, until } from '../farm-fixture.ts';
import { useTenant } from '../tenant-fixture.ts';

const own = useTenant();
const { addWorker, ended, get, jobNow, post } = own;

const request = (layer: object = {}, more: Partial<JobRequest> = {}): JobRequest => ({
  name: 'shot',
  sceneId: own.sceneId,
  layers: [{ frames: '1-9', size: { widthPx: 64, heightPx: 64 }, samples: 16, ...layer }],
  ...more,
});
const settled = ({ id }: Estimate) =>
  until(
    () => get<Estimate>(`/estimates/${id}`),
    ({ state }) => state !== 'measuring',
  );
const samplesOf = ({ work }: Assignment) => (work.kind === 'render' ? work.settings.samples : 0);

/** A frame takes 10 s and 1 s a sample; the first picture of a probe takes 60 s more. */
const drawMs = (assignment: Assignment, frame: number) => {
  const samples = samplesOf(assignment);
  return 10_000 + 1_000 * samples + (samples === 1 && frame === 1 ? 60_000 : 0);
};

test('a probe draws three frames with few samples, and tells what all of them take', async () => {
  await addWorker({ identity: { slots: 2 }, drawMs });
  const asked = await post<Estimate>('/estimates', request());
  expect(asked).toMatchObject({ state: 'measuring', estimate: null, sceneId: own.sceneId });
  // Whoever asks the same meanwhile gets the same.
  expect(await post<Estimate>('/estimates', request())).toMatchObject({ id: asked.id });
  const probe = await get<Job>(`/jobs/${asked.probeJobId}`);
  expect(probe).toMatchObject({ name: 'shot (estimate)', priority: 100 });
  expect(probe.layers.map(({ frames, chunk, settings }) => [frames, chunk, settings.samples])).toEqual([
    ['1,5,9', 3, 1],
    ['1,5,9', 3, 4],
  ]);
  const { estimate, state } = await settled(asked);
  expect(state).toBe('ready');
  const [layer] = estimate?.layers ?? [];
  expect(layer).toMatchObject({ name: 'main', frameCount: 9, basis: 'probe', measuredFrames: 3 });
  expect((await get<{ items: Job[] }>('/jobs')).items).toEqual([]);
  expect((await get<{ items: Job[] }>('/jobs?archived=true')).items).toMatchObject([{ id: probe.id }]);
  expect(Math.round(layer?.frameSec ?? 0)).toBe(26);
  // Each slot has shaders compiled once.
  expect(Math.round((estimate?.slotSec ?? 0) / 10)).toBe(35);
  expect(estimate).toMatchObject({ slots: 2, confidence: 0.8, cost: null });
  expect(estimate?.lowSlotSec).toBeLessThan(estimate?.slotSec ?? 0);
  expect(estimate?.highSlotSec).toBeGreaterThan(estimate?.slotSec ?? 0);
});

test('an estimate is kept with its job, beside what that took; later jobs are estimated by it', async () => {
  await addWorker({ drawMs });
  const asked = await post<Estimate>('/estimates', request());
  const { estimate } = await settled(asked);
  const job = await post<Job>('/jobs', request({}, { estimateId: asked.id }));
  await ended(job);
  const { use } = await until(
    () => jobNow(job),
    (now) => (now.use?.slotSec ?? 0) > 0,
  );
  expect(use?.estimate).toEqual(estimate);
  const plan = await post<JobPlan>('/job-plans', request({ frames: '1-90' }));
  expect(plan.estimate?.layers).toMatchObject([{ basis: 'history', measuredFrames: 9, frameCount: 90 }]);
  expect(Math.round((plan.estimate?.slotSec ?? 0) / 90)).toBe(26);
  const again = await post<Estimate>('/estimates', request());
  expect(again).toMatchObject({ state: 'ready', probeJobId: null });
  // Of other settings nothing is known.
  expect((await post<JobPlan>('/job-plans', request({ samples: 8 }))).estimate).toBeNull();
});

test('what another tenant’s jobs took is told to nobody', async () => {
  await addWorker({ drawMs });
  await ended(await post<Job>('/jobs', request()));
  expect((await post<JobPlan>('/job-plans', request())).estimate).not.toBeNull();
  const { farm } = own;
  const other = await addTenant(farm, 'two');
  const sceneId = await addScene(farm, other.id);
  const { db } = farm.services.store;
  const { scene_hash } = await db
    .selectFrom('scenes')
    .select('scene_hash')
    .where('id', '=', own.sceneId)
    .executeTakeFirstOrThrow();
  await db.updateTable('scenes').set({ scene_hash }).where('id', '=', sceneId).execute();
  const plan = await ask<JobPlan>(farm.url, other.key, 'POST', '/job-plans', request({}, { sceneId }));
  expect(plan.estimate).toBeNull();
});

test('a probe that fails, or is cancelled, says so', async () => {
  const worker = await addWorker({
    onFrame: () => {
      throw new Error('no luck');
    },
  });
  const failed = await settled(await post<Estimate>('/estimates', request({ samples: 2 })));
  expect(failed).toMatchObject({ state: 'failed', estimate: null, error: { code: 'render.failed' } });
  await worker.goodbye();
  const asked = await post<Estimate>('/estimates', request({ samples: 3 }));
  await post(`/jobs/${asked.probeJobId}/cancel`);
  expect((await settled(asked)).error?.message).toBe('its probe was cancelled');
  const early = await call(own.farm.url, own.tenant.key, 'POST', '/jobs', request({}, { estimateId: asked.id }));
  expect(early).toMatchObject({ status: 409, body: { error: { field: '/estimateId' } } });
});

test('an estimate of another scene, or of another tenant, is refused', async () => {
  const asked = await post<Estimate>('/estimates', request({ samples: 2 }));
  const sceneId = await addScene(own.farm, own.tenant.id);
  const submit = (key: string, body: JobRequest) => call(own.farm.url, key, 'POST', '/jobs', body);
  const elsewhere = await submit(own.tenant.key, { ...request({}, { estimateId: asked.id }), sceneId });
  expect(elsewhere).toMatchObject({ status: 400, body: { error: { code: 'request.invalid', field: '/estimateId' } } });
  const other = await addTenant(own.farm, 'three');
  const scene = await addScene(own.farm, other.id);
  const foreign = await submit(other.key, { ...request({}, { estimateId: asked.id }), sceneId: scene });
  expect(foreign).toMatchObject({ status: 404, body: { error: { field: '/estimateId' } } });
});

test('what layers take is metered once, failed tries included', async () => {
  let fails = 1;
  await addWorker({
    identity: { slots: 1 },
    frameMs: 30,
    onFrame: (_, frame) => {
      if (frame === 20 && fails-- > 0) throw new Error('once');
    },
  });
  const job = await post<Job>('/jobs', request({ frames: '1-20' }));
  await ended(job);
  const attempts = await own.farm.services.store.db
    .selectFrom('attempts as a')
    .innerJoin('tasks as t', 't.id', 'a.task_id')
    .select(['a.started_at', 'a.ended_at'])
    .where('t.job_id', '=', job.id)
    .execute();
  expect(attempts).toHaveLength(21);
  const from = Math.min(...attempts.map(({ started_at }) => Number(started_at)));
  const to = Math.max(...attempts.map(({ ended_at }) => Number(ended_at)));
  // All are metered by now when the last one is; then nothing is added any more.
  const used = async () => (await jobNow(job)).use?.slotSec ?? 0;
  await until(used, (sec) => sec >= 0.03 * 20);
  for (let n = 0; n < 3; n++) await new Promise((resolve) => setTimeout(resolve, 1_100));
  expect(await used()).toBeLessThanOrEqual((to - from) / 1_000 + 0.001);
});
