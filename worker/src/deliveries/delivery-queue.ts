/**
 * Deliveries out of this worker's queues. BullMQ carries them and nothing else: it never retries, and what becomes
 * of an attempt is said over HTTP before the delivery leaves the queue.
 */
import { Delivery, matches, type Registration } from '@kiln/shared';
import { Worker } from 'bullmq';
import { isRefusedByRedis, redisOptions } from '../farm/redis-connection.ts';
import { WORKER_LIMITS } from '../limits.ts';
import type { Log } from '../log.ts';

export interface DeliveryQueueOptions {
  readonly registration: Registration;
  /** Frames taken at once: while one is encoded and delivered, the next is fetched and drawn. As many urgent ones besides. */
  readonly renderConcurrency: number;
  /** Works on one delivery to its end. Never rejects. */
  readonly onDelivery: (delivery: Delivery) => Promise<void>;
  readonly onRefused: (reason: string) => void;
  readonly log: Log;
}

/** BullMQ renews its lock each half of this; a lost lock means nothing here. */
const LOCK_MS = 120_000;

/** Wait for a delivery this long in one blocking call, in seconds. */
const BLOCK_SEC = 5;

export class DeliveryQueue {
  readonly #workers: Worker<unknown>[];
  readonly #log: Log;
  #isAway = false;

  constructor(options: DeliveryQueueOptions) {
    const { redis } = options.registration;
    this.#log = options.log;
    this.#workers = [
      this.#open(redis.renderQueue, options.renderConcurrency, options),
      this.#open(redis.importQueue, WORKER_LIMITS.imports, options),
      // A server of before gives neither.
      ...(redis.urgentQueue === undefined ? [] : [this.#open(redis.urgentQueue, options.renderConcurrency, options)]),
      ...(redis.filmQueue === undefined ? [] : [this.#open(redis.filmQueue, WORKER_LIMITS.films, options)]),
    ];
  }

  /** Takes nothing new; what is under way goes on. */
  async pause(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.pause(true)));
  }

  /** Lets go of Redis without waiting for deliveries under way: their attempts are settled over HTTP. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#workers.map((worker) => worker.close(true)));
  }

  #open(name: string, concurrency: number, options: DeliveryQueueOptions): Worker<unknown> {
    const { registration, log } = options;
    const worker = new Worker<unknown>(
      name,
      async ({ data, id }) => {
        if (matches(Delivery, data)) await options.onDelivery(data);
        else log.error({ queue: name, deliveryId: id }, 'a delivery is none that this worker knows; dropped');
      },
      {
        connection: redisOptions(registration.redis),
        prefix: registration.redis.prefix,
        concurrency,
        lockDuration: LOCK_MS,
        drainDelay: BLOCK_SEC,
        maxStalledCount: 0,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 0 },
      },
    );
    worker.on('error', (error) => this.#note(error, options));
    worker.on('ready', () => {
      if (this.#isAway) this.#log.info('Redis answers again');
      this.#isAway = false;
    });
    worker.on('failed', (job, error) =>
      log.debug({ deliveryId: job?.id, err: error }, 'a delivery was not acknowledged'),
    );
    return worker;
  }

  #note(error: Error, options: DeliveryQueueOptions): void {
    if (isRefusedByRedis(error)) {
      options.onRefused(error.message);
      return;
    }
    // A delivery that Redis no longer has needs no acknowledgement.
    const isConnection = 'code' in error || /connection is closed/i.test(error.message);
    if (!isConnection) {
      this.#log.debug({ err: error }, 'a delivery was not acknowledged');
      return;
    }
    if (!this.#isAway) this.#log.warn({ err: error }, 'Redis does not answer; trying again');
    this.#isAway = true;
  }
}
