/**
 * What servers tell one another over Redis: hints that save waiting. Every one may be lost; what it hints at is in the
 * database, and the dispatcher's tick and the feed's catch-up find it.
 */
import type { FrameProgress } from '@kiln/shared';
import type { Logger } from 'pino';
import type { RedisConnections } from '../queue/redis.ts';
import type { LiveTask } from './live-task.ts';

export type BusMessage =
  /**
   * There may be something for the dispatcher, now or in so many milliseconds: `work` came, `workers` came or changed,
   * or a delivery ended and left `room`.
   */
  | { readonly type: 'wake'; readonly why: 'work' | 'workers' | 'room'; readonly afterMs: number }
  /** A task of this layer took so long. */
  | { readonly type: 'task-time'; readonly layerId: string; readonly taskMs: number }
  /** How far a frame is, and what was said of which tasks of it. */
  | {
      readonly type: 'frame-progress';
      readonly tenantId: string;
      readonly progress: FrameProgress;
      readonly live: readonly LiveTask[];
    }
  /** What an attempt at a job has drawn is not taken, as the store is full; or is. */
  | { readonly type: 'store-full'; readonly attemptId: string; readonly jobId: string; readonly isFull: boolean }
  /** Events up to this id are in the log; 0: unknown how far. */
  | { readonly type: 'events'; readonly upTo: number }
  /** A session was ended by a server that does not hold its sockets. */
  | { readonly type: 'session-ended'; readonly sessionId: string }
  /** [LV42] A session goes on at this server: any other lets go of it. */
  | { readonly type: 'session-moved'; readonly sessionId: string; readonly serverId: string }
  /** [LV29] Whoever it let in is closed. */
  | { readonly type: 'token-revoked'; readonly tokenId: string }
  /** A worker is gone: its sessions need another. */
  | { readonly type: 'worker-gone'; readonly workerId: string }
  /** A worker came, or has room again. */
  | { readonly type: 'worker-room' };

export type BusListener = (message: BusMessage) => void;

export interface Bus {
  /** Tells this server's listeners now and the others soon. Never throws. */
  tell(message: BusMessage): void;
  listen(listener: BusListener): void;
}

const CHANNEL = 'kiln:servers';

interface Envelope {
  readonly from: string;
  readonly message: BusMessage;
}

export class RedisBus implements Bus {
  readonly #redis: RedisConnections;
  readonly #serverId: string;
  readonly #log: Logger;
  readonly #listeners: BusListener[] = [];

  constructor(redis: RedisConnections, serverId: string, log: Logger) {
    this.#redis = redis;
    this.#serverId = serverId;
    this.#log = log;
    redis.subscriber.on('message', (channel: string, text: string) => {
      if (channel === CHANNEL) this.#receive(text);
    });
    redis.subscriber.subscribe(CHANNEL).catch((error: unknown) => {
      log.debug({ err: error }, 'subscribing to the other servers failed; ioredis tries again when it connects');
    });
  }

  tell(message: BusMessage): void {
    this.#hand(message);
    if (!this.#redis.isUp()) return;
    const envelope: Envelope = { from: this.#serverId, message };
    this.#redis.commands.publish(CHANNEL, JSON.stringify(envelope)).catch((error: unknown) => {
      this.#log.debug({ err: error, type: message.type }, 'other servers were not told');
    });
  }

  listen(listener: BusListener): void {
    this.#listeners.push(listener);
  }

  #receive(text: string): void {
    try {
      // Only servers may publish here: workers' Redis users are confined to their own channel.
      const { from, message } = JSON.parse(text) as Envelope;
      if (from !== this.#serverId) this.#hand(message);
    } catch (error) {
      this.#log.warn({ err: error }, 'a message between servers could not be read');
    }
  }

  #hand(message: BusMessage): void {
    for (const listener of this.#listeners) {
      try {
        listener(message);
      } catch (error) {
        this.#log.error({ err: error, type: message.type }, 'a listener failed');
      }
    }
  }
}
