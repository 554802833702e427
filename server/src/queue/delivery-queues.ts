/**
 * Deliveries on their way to workers: a BullMQ queue per worker and lane. BullMQ never retries here; a delivery that is
 * lost or stuck is the dispatcher's to find.
 */
import type { Delivery } from '@kiln/shared';
import { Queue } from 'bullmq';
import type { Logger } from 'pino';
import type { Lane } from '../dispatch/candidate.ts';
import type { RedisConnections } from './redis.ts';

/** Prefix of every key of the queues. */
export const QUEUE_PREFIX = 'kiln';

/** What is `urgent` goes past what waits in `render`. */
export type QueueLane = Lane | 'urgent';

export const queueName = (workerId: string, lane: QueueLane) => `w-${workerId}-${lane}`;

/** BullMQ job id of an attempt: it makes adding the same delivery twice harmless. */
export const deliveryId = (taskId: string, attemptNumber: number) => `${taskId}-${attemptNumber}`;

export interface AddressedDelivery {
  readonly workerId: string;
  readonly lane: QueueLane;
  readonly attemptNumber: number;
  readonly delivery: Delivery;
}

export interface DeliveryAddress {
  readonly workerId: string;
  /** `render` is in either queue of frames. */
  readonly lane: Lane;
  readonly deliveryId: string;
}

/** What the dispatcher needs of a queue. Every method throws `storage.unavailable` at once while Redis is away. */
export interface DeliveryQueues {
  /** Adds deliveries, in order; one that is there already stays as it is. */
  add(deliveries: readonly AddressedDelivery[]): Promise<void>;
  /** Takes back what has not begun; what has, and what is not there, stays as it is. */
  withdraw(addresses: readonly DeliveryAddress[]): Promise<void>;
  /** Ids of the deliveries of a worker that wait or are being worked on. */
  present(workerId: string): Promise<ReadonlySet<string>>;
  /** Removes a worker's queues with everything in them. */
  remove(workerId: string): Promise<void>;
  close(): Promise<void>;
}

export const LANES = ['render', 'urgent', 'import', 'film'] as const satisfies readonly QueueLane[];

const lanesOf = (lane: Lane): readonly QueueLane[] => (lane === 'render' ? ['render', 'urgent'] : [lane]);

export class BullDeliveryQueues implements DeliveryQueues {
  readonly #redis: RedisConnections;
  readonly #log: Logger;
  readonly #queues = new Map<string, Queue<Delivery, unknown, string>>();

  constructor(redis: RedisConnections, log: Logger) {
    this.#redis = redis;
    this.#log = log;
    // Each queue listens on the one connection.
    redis.commands.setMaxListeners(0);
  }

  async add(deliveries: readonly AddressedDelivery[]): Promise<void> {
    this.#redis.requireUp();
    const byQueue = new Map<string, AddressedDelivery[]>();
    for (const one of deliveries) {
      const name = queueName(one.workerId, one.lane);
      const list = byQueue.get(name);
      if (list) list.push(one);
      else byQueue.set(name, [one]);
    }
    await Promise.all(
      [...byQueue].map(([name, list]) =>
        this.#queue(name).addBulk(
          list.map(({ delivery, attemptNumber }) => ({
            name: 'attempt',
            data: delivery,
            opts: {
              jobId: deliveryId(delivery.taskId, attemptNumber),
              attempts: 1,
              removeOnComplete: true,
              removeOnFail: true,
            },
          })),
        ),
      ),
    );
  }

  async withdraw(addresses: readonly DeliveryAddress[]): Promise<void> {
    this.#redis.requireUp();
    await Promise.all(
      addresses.flatMap(({ workerId, lane, deliveryId: id }) =>
        lanesOf(lane).map((queue) => this.#withdraw(workerId, queue, id)),
      ),
    );
  }

  async #withdraw(workerId: string, lane: QueueLane, id: string): Promise<void> {
    try {
      await this.#queue(queueName(workerId, lane)).remove(id);
    } catch (error) {
      // A delivery that is being worked on is locked.
      this.#redis.requireUp();
      this.#log.debug({ err: error, workerId, deliveryId: id }, 'a delivery had begun and was not withdrawn');
    }
  }

  async present(workerId: string): Promise<ReadonlySet<string>> {
    this.#redis.requireUp();
    const lists = await Promise.all(
      LANES.map((lane) =>
        this.#queue(queueName(workerId, lane)).getRanges(['wait', 'active', 'prioritized', 'delayed'], 0, -1),
      ),
    );
    return new Set(lists.flat());
  }

  async remove(workerId: string): Promise<void> {
    this.#redis.requireUp();
    for (const lane of LANES) {
      const name = queueName(workerId, lane);
      await this.#queue(name).obliterate({ force: true });
      await this.#forget(name);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#queues.keys()].map((name) => this.#forget(name)));
  }

  async #forget(name: string): Promise<void> {
    const queue = this.#queues.get(name);
    this.#queues.delete(name);
    await queue?.close();
  }

  #queue(name: string): Queue<Delivery, unknown, string> {
    let queue = this.#queues.get(name);
    if (!queue) {
      queue = new Queue<Delivery, unknown, string>(name, {
        connection: this.#redis.commands,
        prefix: QUEUE_PREFIX,
        streams: { events: { maxLen: 10 } },
      });
      queue.on('error', (error) => this.#log.debug({ err: error, queue: name }, 'queue connection error'));
      this.#queues.set(name, queue);
    }
    return queue;
  }
}
