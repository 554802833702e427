/** The contract of the queue, on a real Redis: what the dispatcher relies on, whatever Redis goes through. */
import { Worker as BullWorker, type Job } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Lane } from '../../src/dispatch/candidate.ts';
import {
  BullDeliveryQueues,
  deliveryId,
  QUEUE_PREFIX,
  type QueueLane,
  queueName,
} from '../../src/queue/delivery-queues.ts';
import { connectionPath, connectRedis, type RedisConnections } from '../../src/queue/redis.ts';
import { makeId, until } from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { quietLog } from '../store-fixture.ts';
import { gate } from '../tenant-fixture.ts';

describe('a queue of deliveries', () => {
  let redis: TestRedis;
  let server: RedisConnections;
  let queues: BullDeliveryQueues;
  let connection: Redis;
  let workerId: string;
  const takers: BullWorker[] = [];
  beforeAll(async () => {
    redis = await startRedis();
    server = connectRedis(redis.url, quietLog);
    await new Promise<void>((resolve) => server.onUp(resolve));
    queues = new BullDeliveryQueues(server, quietLog);
    connection = new Redis(connectionPath(redis.url), { maxRetriesPerRequest: null, retryStrategy: () => 50 });
    connection.on('error', () => {});
    // One for each queue of every test.
    connection.setMaxListeners(0);
  });
  afterAll(async () => {
    await queues?.close();
    connection?.disconnect();
    server?.close();
    await redis?.stop();
  });
  beforeEach(() => {
    workerId = makeId('worker');
  });
  afterEach(async () => {
    await Promise.all(takers.splice(0).map((taker) => taker.close(true)));
  });

  const addressed = (taskId: string, lane: QueueLane = 'render', attemptNumber = 1, to = workerId) => ({
    workerId: to,
    lane,
    attemptNumber,
    delivery: { attemptId: makeId('attempt'), taskId, leaseToken: `token of ${taskId}` },
  });

  /** A worker's own end of a queue, with the settings of a real one. */
  function take(lane: QueueLane, work: (taskId: string, job: Job) => Promise<void> | void, of = workerId): void {
    const taker = new BullWorker(queueName(of, lane), async (job) => work(job.data.taskId, job), {
      connection,
      prefix: QUEUE_PREFIX,
      maxStalledCount: 0,
    });
    taker.on('error', () => {});
    takers.push(taker);
  }

  test('brings what was added to its own worker, whole, in order, and to no other', async () => {
    const other = makeId('worker');
    const sent = ['tsk_a', 'tsk_b', 'tsk_c'].map((taskId) => addressed(taskId));
    await queues.add([...sent, addressed('tsk_other', 'render', 1, other)]);
    const taken: unknown[] = [];
    const elsewhere: string[] = [];
    take('render', (_, job) => void taken.push(job.data));
    take('render', (taskId) => void elsewhere.push(taskId), other);
    await until(
      async () => taken.length + elsewhere.length,
      (count) => count === 4,
    );
    expect(taken).toEqual(sent.map(({ delivery }) => delivery));
    expect(elsewhere).toEqual(['tsk_other']);
    await until(
      () => queues.present(workerId),
      (present) => present.size === 0,
    );
  });

  test('lets what is urgent past what waits', async () => {
    const { held, open } = gate();
    const taken: string[] = [];
    take('render', async (taskId) => {
      taken.push(taskId);
      await held;
    });
    await queues.add([addressed('tsk_1'), addressed('tsk_2'), addressed('tsk_3')]);
    await until(
      async () => taken,
      (so) => so.length === 1,
    );
    take('urgent', (taskId) => void taken.push(taskId));
    await queues.add([addressed('tsk_urgent', 'urgent')]);
    await until(
      async () => taken,
      (so) => so.includes('tsk_urgent'),
    );
    expect(taken).toEqual(['tsk_1', 'tsk_urgent']);
    open();
    await until(
      async () => taken,
      (so) => so.length === 4,
    );
  });

  test('has an attempt once, however often it is added; the next attempt of its task is another', async () => {
    const first = addressed('tsk_once');
    await queues.add([first, first]);
    await Promise.all([queues.add([first]), queues.add([first])]);
    await queues.add([addressed('tsk_once', 'render', 2)]);
    expect(await queues.present(workerId)).toEqual(new Set(['tsk_once-1', 'tsk_once-2']));
    const taken: string[] = [];
    take('render', (_, job) => void taken.push(job.id ?? ''));
    await until(
      () => queues.present(workerId),
      (present) => present.size === 0,
    );
    expect(taken).toEqual(['tsk_once-1', 'tsk_once-2']);
  });

  test('gives a delivery once: what fails leaves, and nothing brings it again', async () => {
    let tries = 0;
    take('render', () => {
      tries++;
      throw new Error('bad luck');
    });
    await queues.add([addressed('tsk_fails')]);
    await until(
      async () => tries > 0 && (await queues.present(workerId)).size === 0,
      (isGone) => isGone,
    );
    expect(tries).toBe(1);
  });

  test.each<[Lane, QueueLane]>([
    ['render', 'render'],
    ['render', 'urgent'],
    ['import', 'import'],
    ['film', 'film'],
  ])('takes back what was addressed to %s and waits in %s; what has begun stays', async (lane, queue) => {
    const { held, open } = gate();
    const taken: string[] = [];
    take(queue, async (taskId) => {
      taken.push(taskId);
      await held;
    });
    await queues.add(['tsk_begun', 'tsk_waits', 'tsk_stays'].map((taskId) => addressed(taskId, queue)));
    await until(
      async () => taken.length,
      (count) => count === 1,
    );
    const address = (taskId: string) => ({ workerId, lane, deliveryId: deliveryId(taskId, 1) });
    await queues.withdraw([address('tsk_begun'), address('tsk_waits'), address('tsk_unknown')]);
    expect(await queues.present(workerId)).toEqual(new Set(['tsk_begun-1', 'tsk_stays-1']));
    open();
    await until(
      async () => taken.length,
      (count) => count === 2,
    );
    expect(taken).toEqual(['tsk_begun', 'tsk_stays']);
  });

  test('forgets a worker with all that waits for it, and nobody else', async () => {
    const other = makeId('worker');
    await queues.add([addressed('tsk_1'), addressed('tsk_2', 'urgent'), addressed('tsk_3', 'import')]);
    await queues.add([addressed('tsk_4', 'film'), addressed('tsk_5', 'render', 1, other)]);
    await queues.remove(workerId);
    expect(await redis.client.keys(`${QUEUE_PREFIX}:${queueName(workerId, 'render').replace(/render$/, '')}*`)).toEqual(
      [],
    );
    expect(await queues.present(workerId)).toEqual(new Set());
    expect(await queues.present(other)).toEqual(new Set(['tsk_5-1']));
  });

  test('that was flushed is empty and takes deliveries anew, the same ones too', async () => {
    const sent = addressed('tsk_flushed');
    await queues.add([sent]);
    await redis.client.flushall();
    expect(await queues.present(workerId)).toEqual(new Set());
    const taken: string[] = [];
    take('render', (taskId) => void taken.push(taskId));
    await queues.add([sent]);
    await until(
      async () => taken,
      (so) => so.length === 1,
    );
  });

  test('that is away says so at once; what it had written is there again, and a waiting worker goes on', async () => {
    const taken: string[] = [];
    const away = makeId('worker');
    await queues.add([addressed('tsk_written', 'render', 1, away)]);
    take('render', (taskId) => void taken.push(taskId));
    // Redis writes to its file once a second.
    await redis.client
      .call('WAITAOF', '1', '0', '2000')
      .catch(() => new Promise((resolve) => setTimeout(resolve, 2_100)));
    await redis.kill();
    await until(
      async () => server.isUp(),
      (isUp) => !isUp,
    );
    for (const attempt of [
      () => queues.add([addressed('tsk_lost')]),
      () => queues.withdraw([{ workerId, lane: 'render', deliveryId: 'tsk_lost-1' }]),
      () => queues.present(workerId),
      () => queues.remove(workerId),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: 'storage.unavailable', retryable: true });
    }
    await redis.launch();
    await until(
      async () => server.isUp(),
      (isUp) => isUp,
    );
    expect(await queues.present(away)).toEqual(new Set(['tsk_written-1']));
    await queues.add([addressed('tsk_after')]);
    await until(
      async () => taken,
      (so) => so.length === 1,
    );
    expect(taken).toEqual(['tsk_after']);
  });
});
