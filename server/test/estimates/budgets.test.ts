/** Jobs that may take so much and no more. */
import type { Job, JobRequest, JobUse } from '@kiln/shared';
import { expect, test } from 'vitest';
import { audit } from '../../src/audit/audit.ts';
import { budgetSlotSec } from '../../src/estimates/budget-rows.ts';
import { ask, call, until } from '../farm-fixture.ts';
import { useTenant } from '../tenant-fixture.ts';

const own = useTenant();
const { addWorker, ended, jobNow, post, tasksOf } = own;

const request = (more: Partial<JobRequest> = {}): JobRequest => ({
  sceneId: own.sceneId,
  layers: [{ frames: '1-9', size: { widthPx: 64, heightPx: 64 }, samples: 1 }],
  ...more,
});
const edit = ({ id }: Job, body: object) => ask<Job>(own.farm.url, own.tenant.key, 'PATCH', `/jobs/${id}`, body);
const refused = (method: string, path: string, body?: object) => call(own.farm.url, own.tenant.key, method, path, body);
const budgetOf = ({ use }: Pick<Job, 'use'>): JobUse['budget'] => use?.budget ?? null;
const held = (job: Job, reason: 'budget' | 'estimate') =>
  until(
    () => jobNow(job),
    ({ waitsFor }) => waitsFor?.reason === reason,
  );
const jobNames = async () => (await own.get<{ items: Job[] }>('/jobs')).items.map(({ name }) => name);
/** Frames that are said to take a minute each. */
const slow = { drawMs: () => 60_000 };

test('a job that earlier ones tell to take more than its budget is held until somebody approves', async () => {
  await addWorker(slow);
  await ended(await post<Job>('/jobs', request()));
  const job = await post<Job>('/jobs', request({ budget: '5m' }));
  expect(job).toMatchObject({ state: 'paused' });
  const now = await jobNow(job);
  expect(budgetOf(now)).toEqual({ budget: '5m', slotSec: 300, isApproved: false, hold: 'budget' });
  expect(now.waitsFor?.message).toMatch(/^Would take about 0.15 slot-hours \(.* to .*\), and its budget is 5m: /);
  expect(await refused('POST', `/jobs/${job.id}/resume`)).toMatchObject({
    status: 409,
    body: { error: { message: expect.stringContaining('--approve') } },
  });
  expect(await tasksOf(job)).toEqual([]);
  await post(`/jobs/${job.id}/approve`);
  const over = await ended(job);
  expect(over).toMatchObject({ state: 'succeeded', framesDone: 9 });
  expect(budgetOf(over)).toMatchObject({ isApproved: true, hold: null });
  expect(await refused('POST', `/jobs/${job.id}/approve`)).toMatchObject({ status: 409 });
});

test('a larger budget lets go, too, and so does none', async () => {
  await addWorker(slow);
  await ended(await post<Job>('/jobs', request()));
  const job = await post<Job>('/jobs', request({ budget: '5m' }));
  expect(await edit(job, { budget: '6m' })).toMatchObject({ state: 'paused' });
  expect(await edit(job, { budget: '20m' })).toMatchObject({ state: 'queued' });
  await ended(job);
  const other = await post<Job>('/jobs', request({ budget: '5m' }));
  expect(await edit(other, { budget: null })).toMatchObject({ state: 'queued' });
  expect(budgetOf(await ended(other))).toBeNull();
  const fits = await post<Job>('/jobs', request({ budget: '1h' }));
  expect(fits).toMatchObject({ state: 'queued' });
  await ended(fits);
});

test('without earlier jobs it is measured first; one that fits begins by itself, one that does not is held', async () => {
  const small = await post<Job>('/jobs', request({ budget: '1h' }));
  const large = await post<Job>('/jobs', request({ budget: '5m' }));
  expect(small).toMatchObject({ state: 'paused' });
  expect((await held(small, 'estimate')).waitsFor?.message).toMatch(/its budget of 1h: job_\w+ draws that/);
  await addWorker(slow);
  expect(await ended(small)).toMatchObject({ state: 'succeeded' });
  const now = await held(large, 'budget');
  expect(now.use?.estimate?.layers).toMatchObject([{ basis: 'probe', frameCount: 9 }]);
  await post(`/jobs/${large.id}/cancel`);
});

test('when it could not be measured it says so, and begins when that is approved', async () => {
  let isBroken = true;
  await addWorker({
    onFrame: () => {
      if (isBroken) throw new Error('bad luck');
    },
  });
  const job = await post<Job>('/jobs', request({ budget: '1h' }));
  await until(
    () => jobNow(job),
    ({ waitsFor }) => waitsFor?.message.startsWith('What it would take could not be measured (bad luck)') ?? false,
  );
  isBroken = false;
  await post(`/jobs/${job.id}/approve`);
  expect(await ended(job)).toMatchObject({ state: 'succeeded' });
});

test('what only measures a job that is cancelled is cancelled, unless somebody else waits for it', async () => {
  const probeOf = async (job: Job) => {
    const { probe } = await own.farm.services.store.db
      .selectFrom('job_costs as c')
      .innerJoin('estimates as e', 'e.id', 'c.estimate_id')
      .select('e.probe_job_id as probe')
      .where('c.job_id', '=', job.id)
      .executeTakeFirstOrThrow();
    return async () => (await jobNow({ ...job, id: probe ?? '' })).state;
  };
  const cancel = (job: Job) => post(`/jobs/${job.id}/cancel`);
  const [first, second] = [
    await post<Job>('/jobs', request({ budget: '1h' })),
    await post<Job>('/jobs', request({ budget: '2h' })),
  ];
  const probe = await probeOf(first);
  expect(await probe()).toBe('queued');
  await cancel(first);
  expect(await probe()).toBe('queued');
  await cancel(second);
  expect(await probe()).toBe('cancelled');
  const other = [{ frames: '1-9', size: { widthPx: 64, heightPx: 64 }, samples: 2 }];
  const third = await post<Job>('/jobs', request({ budget: '1h', layers: other }));
  await post('/estimates', request({ layers: other }));
  await cancel(third);
  expect(await (await probeOf(third))()).toBe('queued');
});

test('one that is paused while it is held stays paused when it fits, until it is resumed', async () => {
  const job = await post<Job>('/jobs', request({ budget: '1h' }));
  await held(job, 'estimate');
  await post(`/jobs/${job.id}/pause`, {});
  await addWorker(slow);
  const now = await until(
    () => jobNow(job),
    (one) => budgetOf(one)?.hold === null,
  );
  expect(now.state).toBe('paused');
  expect(await tasksOf(job)).toEqual([]);
  await post(`/jobs/${job.id}/resume`);
  expect(await ended(job)).toMatchObject({ state: 'succeeded' });
});

test('of several jobs that are refused together none is measured', async () => {
  const good = request({ budget: '1h' });
  const bad = request({ sceneId: 'scn_00000000000000000000' });
  const before = await jobNames();
  expect(await refused('POST', '/job-batches', { jobs: [good, bad] })).toMatchObject({
    body: { error: { field: '/jobs/1/sceneId' } },
  });
  expect(await jobNames()).toEqual(before);
});

test('test frames of a layer gate the job, not what is drawn to measure it', async () => {
  await addWorker(slow);
  const [layer] = request().layers;
  const layers = [
    { frames: '1-9', size: { widthPx: 64, heightPx: 64 }, ...layer, testFrames: { frames: '2', approve: true } },
  ];
  const job = await post<Job>('/jobs', request({ layers, budget: '1h' }));
  await until(
    () => jobNow(job),
    ({ waitsFor, framesDone }) => waitsFor?.reason === 'approval' && framesDone === 1,
  );
  await post(`/jobs/${job.id}/approve`);
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 9 });
});

test('a job that reaches its budget begins nothing more; with a larger one it goes on', async () => {
  await addWorker({ identity: { slots: 1 }, frameMs: 150, drawMs: () => 1 });
  const layers = [{ frames: '1-30', size: { widthPx: 64, heightPx: 64 }, samples: 1 }];
  const job = await post<Job>('/jobs', request({ layers, budget: '1s' }));
  const now = await held(job, 'budget');
  expect(now.waitsFor?.message).toMatch(/^Has reached its budget: \d\.\d slot-seconds of 1\.0 slot-seconds used/);
  await until(
    () => tasksOf(job),
    (tasks) => tasks.every(({ state }) => state !== 'leased'),
  );
  const { framesDone, framesFailed } = await jobNow(job);
  expect(framesDone).toBeLessThan(30);
  expect(framesFailed).toBe(0);
  const less = await refused('PATCH', `/jobs/${job.id}`, { budget: '1s' });
  expect(less).toMatchObject({ status: 409, body: { error: { field: '/budget' } } });
  expect(await edit(job, { budget: '1h' })).toMatchObject({ state: 'running' });
  expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 30 });
  const { checks } = await audit(own.farm.services, { bytes: false });
  expect(checks.filter(({ violations }) => violations > 0)).toEqual([]);
});

test('what is being drawn counts: one long frame reaches the budget while it is drawn', async () => {
  await addWorker({ identity: { slots: 1 }, frameMs: 600_000 });
  const layers = [{ frames: '1-3', size: { widthPx: 64, heightPx: 64 }, samples: 1 }];
  const job = await post<Job>('/jobs', request({ layers }));
  await edit(job, { budget: '2s' });
  const begun = await until(
    () => jobNow(job),
    ({ use }) => (use?.slotSec ?? 0) > 0,
  );
  expect(begun.framesDone).toBe(0);
  const now = await held(job, 'budget');
  expect(now).toMatchObject({ state: 'paused', framesDone: 0 });
  expect(now.use?.slotSec).toBeGreaterThanOrEqual(2);
  expect(now.waitsFor?.message).toMatch(/^Has reached its budget: .* of 2.0 slot-seconds used/);
  await post(`/jobs/${job.id}/cancel`);
});

test('what is no budget is refused before anything is drawn', async () => {
  const answer = (budget: string) => refused('POST', '/jobs', request({ budget }));
  expect(await answer('a lot')).toMatchObject({
    status: 400,
    body: { error: { code: 'request.invalid', field: '/budget' } },
  });
  const unpriced = { status: 422, body: { error: { code: 'job.unsupported', field: '/budget' } } };
  const money = await answer('40 EUR');
  expect(money.body).toMatchObject(unpriced.body);
  expect((await refused('POST', '/job-plans', request({ budget: '40 EUR' }))).body).toMatchObject(unpriced.body);
});

test('money is time of slots at the farm’s price', () => {
  const price = { amount: 0.5, currency: 'EUR' };
  expect(budgetSlotSec('40 EUR', price)).toBe(80 * 3_600);
  expect(() => budgetSlotSec('40 USD', price)).toThrow('0.50 EUR for an hour of a slot');
  expect(() => budgetSlotSec('40 EUR', { ...price, amount: 0 })).toThrow('no price');
});
