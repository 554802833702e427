/** Jobs that wait for somebody say so: in events, and by webhooks. */
import type { Job, JobChange, JobRequest, JobWait, WebhookCreated, WebhookDelivery } from '@kiln/shared';
import { beforeAll, expect, test } from 'vitest';
import { ask, until } from '../farm-fixture.ts';
import { useTenant } from '../tenant-fixture.ts';

const own = useTenant({ webhookPrivate: ['127.0.0.0/8'] });
const { addWorker, ended, get, jobNow, post } = own;

let hook: WebhookCreated;
beforeAll(async () => {
  // Nobody listens there: what is to be sent is looked at.
  hook = await post('/webhooks', { url: 'http://127.0.0.1:9/', events: ['job.waiting'] });
});

const LAYER = { frames: '1-9', size: { widthPx: 64, heightPx: 64 }, samples: 1 };
const submit = (more: Partial<JobRequest> = {}) =>
  post<Job>('/jobs', { sceneId: own.sceneId, layers: [LAYER], ...more });
const told = async ({ id }: Job) =>
  (await get<{ items: WebhookDelivery[] }>(`/webhooks/${hook.webhook.id}/deliveries`)).items.filter(
    ({ jobId }) => jobId === id,
  );
/** As the newest event of it has it. */
async function waitTold({ id }: Job): Promise<JobWait | null | undefined> {
  const { db } = own.farm.services.store;
  const row = await db
    .selectFrom('events')
    .select('data')
    .where('job_id', '=', id)
    .where('type', '=', 'job')
    .orderBy('id', 'desc')
    .executeTakeFirst();
  return (row?.data as JobChange | undefined)?.waitsFor;
}
/** Until that is told as it is read: more may fail meanwhile. */
const held = async (job: Job, reason: JobWait['reason']) => {
  const { now } = await until(
    async () => ({ told: await waitTold(job), now: await jobNow(job) }),
    ({ told, now }) => told?.reason === reason && told.message === now.waitsFor?.message,
  );
  return now;
};
/** Frames that are said to take a minute each. */
const slow = { drawMs: () => 60_000 };

test('one that would take more than its budget, from when it comes in until it is approved', async () => {
  await addWorker(slow);
  await ended(await submit());
  const job = await submit({ budget: '5m' });
  expect(job.waitsFor).toMatchObject({ reason: 'budget' });
  expect(await waitTold(job)).toEqual(job.waitsFor);
  const [delivery, ...more] = await told(job);
  expect(delivery).toMatchObject({ type: 'job.waiting', jobId: job.id });
  expect(more).toEqual([]);
  // Another number, not another reason.
  const edited = await ask<Job>(own.farm.url, own.tenant.key, 'PATCH', `/jobs/${job.id}`, { budget: '6m' });
  expect(edited.waitsFor?.message).toContain('its budget is 6m');
  expect(await waitTold(job)).toEqual(edited.waitsFor);
  const approved = await post<Job>(`/jobs/${job.id}/approve`);
  expect(approved).toMatchObject({ state: 'queued', waitsFor: null });
  const over = await ended(job);
  expect(over.waitsFor).toBeNull();
  expect(await waitTold(job)).toBeNull();
  expect(await told(job)).toHaveLength(1);
});

test('while it is measured nobody is asked; when that fails, or it is too much, somebody is', async () => {
  let isBroken = true;
  const fits = await submit({ budget: '5m' });
  expect(await waitTold(fits)).toMatchObject({ reason: 'estimate' });
  await addWorker({
    ...slow,
    onFrame: () => {
      if (isBroken) throw new Error('bad luck');
    },
  });
  const now = await held(fits, 'unmeasured');
  expect(now.waitsFor?.message).toContain('bad luck');
  expect(await told(fits)).toHaveLength(1);
  await post(`/jobs/${fits.id}/cancel`);
  expect(await waitTold(fits)).toBeNull();
  isBroken = false;
  const large = await submit({ budget: '4m', layers: [{ ...LAYER, samples: 2 }] });
  await held(large, 'budget');
  expect(await told(large)).toHaveLength(1);
  await post(`/jobs/${large.id}/cancel`);
});

test('one that has taken as much as it may', async () => {
  await addWorker({ identity: { slots: 1 }, frameMs: 150, drawMs: () => 1 });
  const job = await submit({ budget: '1s', layers: [{ ...LAYER, frames: '1-30' }] });
  await until(
    () => waitTold(job),
    (wait) => wait?.message.startsWith('Has reached its budget') ?? false,
  );
  expect(await told(job)).toHaveLength(1);
  await post(`/jobs/${job.id}/approve`);
  expect(await ended(job)).toMatchObject({ state: 'succeeded' });
});

test('one whose test frames are done, and one of which a test frame failed', async () => {
  let isBroken = true;
  await addWorker({
    onFrame: (_, frame) => {
      if (isBroken && frame === 3) throw new Error('bad luck');
    },
  });
  const good = await submit({ testFrames: { frames: '1,2', approve: true } });
  const bad = await submit({ testFrames: { frames: '1,3', approve: true }, maxAttempts: 1 });
  await held(good, 'approval');
  await held(bad, 'tests');
  for (const job of [good, bad]) expect(await told(job)).toHaveLength(1);
  isBroken = false;
  // Paused by a person it asks for nothing; then it asks again.
  expect((await post<Job>(`/jobs/${good.id}/pause`, {})).waitsFor).toBeNull();
  expect((await post<Job>(`/jobs/${good.id}/resume`)).waitsFor).toMatchObject({ reason: 'approval' });
  expect(await told(good)).toHaveLength(2);
  expect((await post<Job>(`/jobs/${bad.id}/retry`, {})).waitsFor).toBeNull();
  await held(bad, 'approval');
  expect(await told(bad)).toHaveLength(2);
  for (const job of [good, bad]) {
    await post(`/jobs/${job.id}/approve`);
    expect(await ended(job)).toMatchObject({ state: 'succeeded', framesDone: 9 });
    expect(await waitTold(job)).toBeNull();
  }
});

test('one that stopped after as many failed as may', async () => {
  let isBroken = true;
  await addWorker({
    onFrame: () => {
      if (isBroken) throw new Error('bad luck');
    },
  });
  const job = await submit({ maxFailedTasks: 1, maxAttempts: 1 });
  const now = await held(job, 'failures');
  expect(now.stoppedByFailures).toBe(true);
  expect(await told(job)).toHaveLength(1);
  isBroken = false;
  expect((await post<Job>(`/jobs/${job.id}/retry`, {})).waitsFor).toBeNull();
  expect(await ended(job)).toMatchObject({ state: 'succeeded' });
});

test('one that a person paused tells nobody', async () => {
  const job = await submit();
  expect((await post<Job>(`/jobs/${job.id}/pause`, {})).waitsFor).toBeNull();
  expect(await told(job)).toEqual([]);
});
