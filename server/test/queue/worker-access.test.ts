import { Worker as BullWorker, Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REDIS_LIMITS } from '../../src/dispatch/limits.ts';
import { BullDeliveryQueues, QUEUE_PREFIX, queueName } from '../../src/queue/delivery-queues.ts';
import { connectionPath, connectRedis, type RedisConnections } from '../../src/queue/redis.ts';
import { AclWorkerAccess, type RedisCredentials } from '../../src/queue/worker-access.ts';
import { redisSignals, signalChannel } from '../../src/queue/worker-signals.ts';
import { makeId } from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { quietLog } from '../store-fixture.ts';

let redis: TestRedis;
let server: RedisConnections;
let queues: BullDeliveryQueues;

beforeAll(async () => {
  redis = await startRedis();
  server = connectRedis(redis.url, quietLog);
  await new Promise<void>((resolve) => server.onUp(resolve));
  queues = new BullDeliveryQueues(server, quietLog);
});
afterAll(async () => {
  await queues?.close();
  server?.close();
  await redis?.stop();
});

function connect({ url, username, password }: RedisCredentials, retryStrategy: () => number | null = () => 50): Redis {
  const client = new Redis(connectionPath(url), {
    retryStrategy,
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    maxRetriesPerRequest: null,
  });
  client.on('error', () => {});
  return client;
}

const delivery = (n: number) => ({
  attemptId: makeId('attempt'),
  taskId: `${makeId('task')}${n}`,
  leaseToken: 'token',
});

describe('a worker’s access to Redis', () => {
  test('is enough for its own queues and channel', async () => {
    const workerId = makeId('worker');
    const access = new AclWorkerAccess(server, redis.url, quietLog);
    const credentials = await access.grant(workerId, 'a hash');
    expect(access.isConfined()).toBe(true);
    const client = connect(credentials);
    const heard: string[] = [];
    const listener = connect(credentials);
    await listener.subscribe(signalChannel(workerId));
    listener.on('message', (_channel, text: string) => heard.push(text));

    const failures: string[] = [];
    const taken: string[] = [];
    const workers = (['render', 'import'] as const).map((lane) => {
      const worker = new BullWorker(
        queueName(workerId, lane),
        async (job) => {
          taken.push(lane);
          if (job.data.leaseToken === 'bad') throw new Error('a failed delivery');
        },
        {
          connection: client,
          prefix: QUEUE_PREFIX,
          concurrency: 2,
          maxStalledCount: 0,
          stalledInterval: 100,
          lockDuration: 400,
        },
      );
      worker.on('error', (error) => failures.push(error.message));
      return worker;
    });
    const sent = [delivery(1), delivery(2), { ...delivery(3), leaseToken: 'bad' }];
    await queues.add([
      { workerId, lane: 'render', attemptNumber: 1, delivery: at(sent, 0) },
      { workerId, lane: 'import', attemptNumber: 1, delivery: at(sent, 1) },
      { workerId, lane: 'render', attemptNumber: 1, delivery: at(sent, 2) },
    ]);
    redisSignals(server, quietLog).send(workerId, { type: 'heartbeat' });
    await until(() => taken.length === 3 && heard.length === 1);
    // Stalled checks and lock renewals have their turn too.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await queues.present(workerId)).toEqual(new Set());
    await Promise.all(workers.map((worker) => worker.close()));
    client.disconnect();
    listener.disconnect();
    expect(failures).toEqual([]);
    expect(heard).toEqual(['{"type":"heartbeat"}']);
  });

  test('does not reach another worker’s queue or channel, nor anything else', async () => {
    const [mine, other] = [makeId('worker'), makeId('worker')];
    const access = new AclWorkerAccess(server, redis.url, quietLog);
    const client = connect(await access.grant(mine, 'a hash'));
    await queues.add([{ workerId: other, lane: 'render', attemptNumber: 1, delivery: delivery(1) }]);
    const theirs = `${QUEUE_PREFIX}:${queueName(other, 'render')}`;
    for (const attempt of [
      () => client.lrange(`${theirs}:wait`, 0, -1),
      () => client.bzpopmin(`${theirs}:marker`, 1),
      () => client.eval(`return redis.call('LRANGE', '${theirs}:wait', 0, -1)`, 0),
      () => client.subscribe(signalChannel(other)),
      () => client.subscribe('kiln:servers'),
      () => client.psubscribe('*'),
      () => client.publish(signalChannel(mine), '{}'),
      () => client.keys('*'),
      () => client.scan(0),
      () => client.flushall(),
      () => client.config('GET', '*'),
      () => client.call('ACL', 'LIST'),
      () => client.call('MONITOR'),
      () => client.client('LIST'),
    ]) {
      await expect(attempt(), String(attempt)).rejects.toThrow(/NOPERM|permissions|can't access/i);
    }
    client.disconnect();
    const connection = connect(await access.grant(mine, 'a hash'));
    const thief = new Queue(queueName(other, 'render'), {
      connection,
      prefix: QUEUE_PREFIX,
      skipMetasUpdate: true,
    });
    thief.on('error', () => {});
    await expect(thief.add('attempt', {})).rejects.toThrow(/NOPERM|can't access/i);
    await thief.close();
    connection.disconnect();
  });

  test('ends when the worker is forgotten', async () => {
    const workerId = makeId('worker');
    const access = new AclWorkerAccess(server, redis.url, quietLog);
    const credentials = await access.grant(workerId, 'a hash');
    const client = connect(credentials, () => null);
    await client.ping();
    const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
    await access.revoke(workerId);
    await ended;
    expect(await redis.client.call('ACL', 'USERS')).not.toContain(credentials.username);
    const again = redis.client.call('AUTH', credentials.username ?? '', credentials.password ?? '');
    await expect(again).rejects.toThrow('WRONGPASS');
  });

  test('is this server’s own where it may make no users', async () => {
    await redis.client.call('ACL', 'SETUSER', 'plain', 'on', '>secret', '~*', '&*', '+@all', '-acl');
    const url = redis.url;
    const restricted = connectRedis(url, quietLog);
    await new Promise<void>((resolve) => restricted.onUp(resolve));
    await restricted.commands.auth('plain', 'secret');
    const access = new AclWorkerAccess(restricted, 'redis://plain:secret@redis.example:6379/2', quietLog);
    expect(await access.grant(makeId('worker'), 'a hash')).toEqual({
      url: 'redis://redis.example:6379/2',
      username: 'plain',
      password: 'secret',
    });
    expect(access.isConfined()).toBe(false);
    restricted.close();
  });

  test('is looked at before any worker asks, with a warning where it is the server’s own', async () => {
    const lines: string[] = [];
    const log = pino({}, { write: (line: string) => void lines.push(line) });
    const free = new AclWorkerAccess(server, redis.url, log);
    await free.check();
    expect(free.isConfined()).toBe(true);
    expect(await redis.client.call('ACL', 'USERS')).not.toContain('kiln-check');
    expect(lines).toEqual([]);

    await redis.client.call('ACL', 'SETUSER', 'plain', 'on', '>secret', '~*', '&*', '+@all', '-acl');
    const restricted = connectRedis(redis.url, quietLog);
    await new Promise<void>((resolve) => restricted.onUp(resolve));
    await restricted.commands.auth('plain', 'secret');
    const access = new AclWorkerAccess(restricted, redis.url, log);
    await access.check();
    await access.check();
    expect(access.isConfined()).toBe(false);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('workers share its own access');
    restricted.close();
  });

  test('is not confined while Redis takes commands without a password', async () => {
    const lines: string[] = [];
    const access = new AclWorkerAccess(server, redis.url, pino({}, { write: (line: string) => void lines.push(line) }));
    await access.check();
    expect(access.isConfined()).toBe(true);
    await redis.client.config('SET', 'requirepass', '');
    await access.check();
    await access.check();
    expect(access.isConfined()).toBe(false);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('set requirepass');
    const password = new URL(redis.url).searchParams.get('password') ?? '';
    await redis.client.config('SET', 'requirepass', password);
    await access.check();
    expect(access.isConfined()).toBe(true);
  });

  test('of a socket is told without the server’s password', async () => {
    const access = new AclWorkerAccess(server, redis.url, quietLog);
    const { url, username, password } = await access.grant(makeId('worker'), 'a hash');
    expect(url).toBe(redis.url.split('?')[0]);
    expect([username, password]).not.toContain(new URL(redis.url).searchParams.get('password'));
  });

  test('is not the server’s own because Redis fails for a moment', { tags: ['heavy'] }, async () => {
    const access = new AclWorkerAccess(server, redis.url, quietLog);
    await redis.client.call('CLIENT', 'PAUSE', String(3 * REDIS_LIMITS.commandTimeoutMs));
    await expect(access.grant(makeId('worker'), 'a hash')).rejects.toMatchObject({ code: 'storage.unavailable' });
    // Answered when the pause is over.
    await redis.client.ping();
  });
});

describe('delivery queues', () => {
  test('add a delivery once, however often it is sent, and withdraw what has not begun', async () => {
    const workerId = makeId('worker');
    const one = { workerId, lane: 'render' as const, attemptNumber: 1, delivery: delivery(1) };
    await queues.add([one, one]);
    await queues.add([one]);
    const id = `${one.delivery.taskId}-1`;
    expect(await queues.present(workerId)).toEqual(new Set([id]));
    const address = { workerId, lane: 'render' as const, deliveryId: id };
    await queues.withdraw([address, { ...address, deliveryId: 'unknown-1' }]);
    expect(await queues.present(workerId)).toEqual(new Set());
  });

  test('leave no key behind when a worker’s are removed', async () => {
    const workerId = makeId('worker');
    await queues.add([{ workerId, lane: 'render', attemptNumber: 1, delivery: delivery(1) }]);
    await queues.add([{ workerId, lane: 'import', attemptNumber: 1, delivery: delivery(2) }]);
    expect(await redis.client.keys(`kiln:w-${workerId}-*`)).not.toEqual([]);
    await queues.remove(workerId);
    expect(await redis.client.keys(`kiln:w-${workerId}-*`)).toEqual([]);
  });

  test('fail at once while Redis is away', async () => {
    await redis.kill();
    await until(() => !server.isUp());
    const workerId = makeId('worker');
    const add = queues.add([{ workerId, lane: 'render', attemptNumber: 1, delivery: delivery(1) }]);
    await expect(add).rejects.toMatchObject({ code: 'storage.unavailable' });
    await redis.launch();
    await until(() => server.isUp());
    await queues.add([{ workerId, lane: 'render', attemptNumber: 1, delivery: delivery(1) }]);
  });
});

async function until(good: () => boolean): Promise<void> {
  while (!good()) await new Promise((resolve) => setTimeout(resolve, 10));
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new Error(`nothing at ${index}`);
  return item;
}
