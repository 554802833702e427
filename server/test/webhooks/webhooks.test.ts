import type { Job, Webhook, WebhookCreated, WebhookDelivery } from '@kiln/shared';
import { LIMITS, verifyWebhook } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WEBHOOK_LIMITS } from '../../src/limits.ts';
import { claimDeliveries } from '../../src/webhooks/delivery-rows.ts';
import { FakeWorker } from '../fake-worker.ts';
import {
  addScene,
  addTenant,
  ask,
  call,
  jobOf,
  startFarm,
  type TestFarm,
  type TestTenant,
  until,
} from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { MovableClock } from '../server-fixture.ts';
import { openTestStore, type TestStore } from '../store-fixture.ts';
import { type Received, type Receiver, startReceiver } from './receiver.ts';

const ALL = ['job.succeeded', 'job.failed', 'job.cancelled', 'job.paused', 'job.waiting'];

let redis: TestRedis;
let store: TestStore;
let clock: MovableClock;
let farm: TestFarm;
let receiver: Receiver;
let tenant: TestTenant;
let sceneId: string;

const start = () =>
  startFarm({
    redisUrl: redis.url,
    store: store.store,
    clock,
    webhookPrivate: ['127.0.0.0/8'],
    home: store.config.home,
  });

beforeAll(async () => {
  clock = new MovableClock();
  [redis, store, receiver] = await Promise.all([startRedis(), openTestStore(), startReceiver()]);
  farm = await start();
  tenant = await addTenant(farm, 'one');
  sceneId = await addScene(farm, tenant.id);
});
afterAll(async () => {
  await farm?.stop();
  await receiver?.close();
  await store?.dispose();
  await redis?.stop();
});

const mine = <T>(method: string, path: string, body?: unknown) => ask<T>(farm.url, tenant.key, method, path, body);

const addHook = (path: string, events = ALL) =>
  mine<WebhookCreated>('POST', '/webhooks', { url: `${receiver.url}${path}`, events });

const removeHook = ({ webhook }: WebhookCreated) => mine('DELETE', `/webhooks/${webhook.id}`);

const deliveriesOf = async ({ webhook }: WebhookCreated) =>
  (await mine<{ items: WebhookDelivery[] }>('GET', `/webhooks/${webhook.id}/deliveries`)).items;

const firstOf = (hook: WebhookCreated, good: (delivery: WebhookDelivery) => boolean) =>
  until(
    async () => (await deliveriesOf(hook))[0],
    (delivery) => delivery !== undefined && good(delivery),
  );

const hookNow = async ({ webhook }: WebhookCreated) =>
  (await mine<{ items: Webhook[] }>('GET', '/webhooks')).items.find(({ id }) => id === webhook.id);

const sendTest = ({ webhook }: WebhookCreated) => mine<WebhookDelivery>('POST', `/webhooks/${webhook.id}/test`);

async function cancelledJob(more: { notify?: string[] } = {}): Promise<Job> {
  const job = await mine<Job>('POST', '/jobs', jobOf(sceneId, '1-3', more));
  return mine<Job>('POST', `/jobs/${job.id}/cancel`);
}

const verified = ({ headers, body }: Received, { secret }: WebhookCreated) =>
  verifyWebhook({ secret, headers, body, subtle: crypto.subtle, nowMs: clock.now().getTime() });

describe('a message', () => {
  test('tells of a job, signed, those hooks that listen and that the job names', async () => {
    const hook = await addHook('/told');
    const other = await addHook('/other', ['job.failed']);
    const unnamed = await addHook('/unnamed');
    const stranger = await addTenant(farm, 'stranger');
    const url = `${receiver.url}/stranger`;
    await ask(farm.url, stranger.key, 'POST', '/webhooks', { url, events: ALL });
    await cancelledJob({ notify: [] });
    const job = await cancelledJob({ notify: [hook.webhook.id, other.webhook.id] });
    const [delivery, ...more] = await until(
      () => deliveriesOf(hook),
      ([first]) => first?.state === 'delivered',
    );
    expect(more).toEqual([]);
    const [received] = receiver.at('/told');
    if (!received) throw new Error('it was delivered');
    const message = await verified(received, hook);
    expect(message).toMatchObject({ id: delivery?.messageId, type: 'job.cancelled' });
    const { layers: _layers, ...shown } = job;
    expect(message.job).toEqual(shown);
    expect(received.headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': message.id });
    expect(delivery).toMatchObject({
      jobId: job.id,
      nextAt: null,
      attempts: [{ number: 1, status: 204, error: null }],
    });
    expect(await deliveriesOf(other)).toEqual([]);
    expect(await deliveriesOf(unnamed)).toEqual([]);
    expect(receiver.at('/stranger')).toEqual([]);

    const refused = { code: 'client.bad_webhook' };
    await expect(verified(received, other)).rejects.toMatchObject(refused);
    await expect(verified({ ...received, body: `${received.body} ` }, hook)).rejects.toMatchObject(refused);
    for (const hook of [other, unnamed]) await removeHook(hook);
    await removeHook(hook);
  });

  test('tells of a job that a worker has drawn, as it was when it ended', async () => {
    const hook = await addHook('/drawn', ['job.succeeded']);
    const worker = await new FakeWorker(farm.url).start();
    const job = await mine<Job>('POST', '/jobs', jobOf(sceneId, '1-2'));
    await firstOf(hook, ({ state }) => state === 'delivered');
    await worker.stop();
    const [received] = receiver.at('/drawn');
    if (!received) throw new Error('it was delivered');
    const { layers: _layers, use: _use, ...ended } = await mine<Job>('GET', `/jobs/${job.id}`);
    expect(await verified(received, hook)).toMatchObject({ type: 'job.succeeded', job: ended });
    expect(ended).toMatchObject({ state: 'succeeded', framesDone: 2 });
    await removeHook(hook);
  });

  test('that is not taken is sent again, also by a server that starts later', async () => {
    const hook = await addHook('/broken');
    receiver.answer('/broken', 500);
    const job = await mine<Job>('POST', '/jobs', jobOf(sceneId, '1'));
    await mine('POST', `/jobs/${job.id}/pause`, {});
    const waiting = await firstOf(hook, ({ attempts }) => attempts.length === 1);
    expect(waiting).toMatchObject({ type: 'job.paused', state: 'waiting', attempts: [{ number: 1, status: 500 }] });
    expect(Date.parse(waiting?.nextAt ?? '')).toBeGreaterThan(clock.now().getTime());
    expect((await hookNow(hook))?.failingSince).not.toBeNull();

    await farm.stop();
    receiver.answer('/broken', 200);
    clock.advance(WEBHOOK_LIMITS.retryMs[0] * 2);
    farm = await start();
    const delivered = await firstOf(hook, ({ state }) => state === 'delivered');
    expect(delivered?.attempts).toMatchObject([{ status: 500 }, { number: 2, status: 200 }]);
    const ids = receiver.at('/broken').map(({ headers }) => headers['webhook-id']);
    expect(ids).toEqual([waiting?.messageId, waiting?.messageId]);
    expect((await hookNow(hook))?.failingSince).toBeNull();

    const path = `/webhooks/${hook.webhook.id}/deliveries/${delivered?.id}/replay`;
    expect(await mine<WebhookDelivery>('POST', path)).toMatchObject({ state: 'waiting' });
    const replayed = await firstOf(hook, ({ attempts }) => attempts.length === 3);
    expect(replayed).toMatchObject({ id: delivered?.id, messageId: waiting?.messageId, state: 'delivered' });
    await removeHook(hook);
  });

  test('that its sender had begun when it died is sent by another', async () => {
    const hook = await addHook('/unsent');
    const { db } = store.store;
    const id = 'dlv_00000000000000000001';
    const message_id = 'msg_00000000000000000001';
    // Later than any look of the sender that runs here.
    const due = new Date(clock.now().getTime() + 3_600_000);
    const later = new Date(due.getTime() + WEBHOOK_LIMITS.claimMs);
    const row = { id, message_id, webhook_id: hook.webhook.id, type: 'webhook.test' as const, job_id: null, job: null };
    await db
      .insertInto('webhook_deliveries')
      .values({ ...row, next_at: due })
      .execute();
    const claim = (now: Date, busy: string[] = []) => claimDeliveries(db, { now, count: 10, busy });
    expect(await claim(due, [hook.webhook.id])).toEqual([]);
    expect((await claim(due)).map(({ row }) => row.id)).toEqual([id]);
    expect(await claim(new Date(later.getTime() - 1))).toEqual([]);
    expect((await claim(later)).map(({ row }) => row.tries)).toEqual([2]);
    await removeHook(hook);
  });

  test('waits for no other: a dead address holds up nobody, a redirect leads nowhere', async () => {
    receiver.answer('/dead', null);
    receiver.answer('/moved', 307);
    const [dead, moved, well] = [await addHook('/dead'), await addHook('/moved'), await addHook('/well')];
    for (const hook of [dead, dead, dead, moved, well]) await sendTest(hook);
    await until(
      async () => receiver.at('/dead').length,
      (length) => length > 0,
    );
    expect(await firstOf(well, ({ state }) => state === 'delivered')).toMatchObject({
      type: 'webhook.test',
      jobId: null,
    });
    const redirected = await firstOf(moved, ({ attempts }) => attempts.length > 0);
    expect(redirected?.attempts[0]).toMatchObject({ status: 307, error: 'expected an answer of 200 to 299, got 307' });
    expect(receiver.at('/elsewhere')).toEqual([]);
    expect((await deliveriesOf(dead)).map(({ state }) => state)).toEqual(['waiting', 'waiting', 'waiting']);
    for (const hook of [dead, moved, well]) await removeHook(hook);
  });
});

describe('a hook', () => {
  test('whose address answers 410, or nothing good for days, is disabled, and says so', async () => {
    const [gone, failing] = [await addHook('/gone'), await addHook('/failing')];
    receiver.answer('/gone', 410);
    receiver.answer('/failing', 503);
    await sendTest(gone);
    await sendTest(failing);
    expect(await firstOf(gone, ({ state }) => state === 'failed')).toMatchObject({ nextAt: null });
    expect(await hookNow(gone)).toMatchObject({ enabled: false, disabledReason: 'gone' });
    await firstOf(failing, ({ attempts }) => attempts.length === 1);
    expect(await hookNow(failing)).toMatchObject({ enabled: true });
    clock.advance(WEBHOOK_LIMITS.failingMs + 1);
    await firstOf(failing, ({ state }) => state === 'failed');
    expect(await hookNow(failing)).toMatchObject({ enabled: false, disabledReason: 'failing' });

    await cancelledJob();
    expect(await deliveriesOf(failing)).toHaveLength(1);
    const path = `/webhooks/${failing.webhook.id}`;
    expect((await call(farm.url, tenant.key, 'POST', `${path}/test`)).status).toBe(409);
    const enabled = await mine<Webhook>('PATCH', path, { enabled: true, events: ['job.paused'], description: 'again' });
    expect(enabled).toMatchObject({ enabled: true, disabledReason: null, failingSince: null, description: 'again' });
    for (const hook of [gone, failing]) await removeHook(hook);
    expect((await call(farm.url, tenant.key, 'GET', `${path}/deliveries`)).status).toBe(404);
  });

  test('has an address that is allowed; a job names hooks that there are', async () => {
    const refused = async (method: string, path: string, body: unknown) =>
      (await call(farm.url, tenant.key, method, path, body)).body;
    const atUrl = { error: { code: 'request.invalid', field: '/url', message: expect.stringContaining('is private') } };
    const hook = await addHook('/here');
    for (const url of ['http://10.0.0.1/', 'http://[::ffff:c0a8:1]/']) {
      expect(await refused('POST', '/webhooks', { url, events: ALL })).toMatchObject(atUrl);
      expect(await refused('PATCH', `/webhooks/${hook.webhook.id}`, { url })).toMatchObject(atUrl);
    }
    expect((await hookNow(hook))?.url).toBe(hook.webhook.url);
    const notify = [hook.webhook.id, 'whk_00000000000000000000'];
    const error = { code: 'resource.not_found', field: '/notify/1' };
    for (const path of ['/jobs', '/job-plans']) {
      expect(await refused('POST', path, jobOf(sceneId, '1', { notify }))).toMatchObject({ error });
    }
    await removeHook(hook);
  });

  test('is one of 20 at most, however many are made at once', async () => {
    const other = await addTenant(farm, 'many');
    const body = { url: `${receiver.url}/many`, events: ALL };
    const answers = await Promise.all(
      Array.from({ length: LIMITS.webhooksPerTenant + 2 }, () => call(farm.url, other.key, 'POST', '/webhooks', body)),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(LIMITS.webhooksPerTenant);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(2);
  });
});
