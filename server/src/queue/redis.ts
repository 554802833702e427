/** The connections to Redis. Commands fail at once while it is away: what they were for is repeated by the reconciler. */
import { KilnError } from '@kiln/shared';
import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { REDIS_LIMITS } from '../dispatch/limits.ts';

export interface RedisConnections {
  /** For commands, shared by all queues. */
  readonly commands: Redis;
  /** For publish/subscribe only. */
  readonly subscriber: Redis;
  /** Whether a command sent now can be answered. */
  isUp(): boolean;
  /** @throws KilnError `storage.unavailable` while Redis is away. */
  requireUp(): void;
  /** Called with each new connection, the first included. */
  onUp(listener: () => void): void;
  close(): void;
}

const reconnectDelay = (times: number) =>
  Math.min(REDIS_LIMITS.reconnectMaxMs, REDIS_LIMITS.reconnectMinMs * 2 ** Math.min(times, 10));

/** @param url `redis://…`, `rediss://…` or `unix:/path`, with `?password=…` where it has one. */
export function connectRedis(url: string, log: Logger): RedisConnections {
  const open = (name: string, offlineQueue: boolean) => {
    const redis = new Redis(connectionPath(url), {
      connectionName: `kiln-server-${name}`,
      enableOfflineQueue: offlineQueue,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: offlineQueue ? null : 0,
      retryStrategy: reconnectDelay,
      ...(offlineQueue ? {} : { commandTimeout: REDIS_LIMITS.commandTimeoutMs }),
    });
    let away = false;
    redis.on('error', (error: Error) => {
      if (!away) log.warn({ err: error, connection: name }, 'Redis does not answer; trying again');
      away = true;
    });
    redis.on('ready', () => {
      if (away) log.info({ connection: name }, 'Redis answers again');
      away = false;
    });
    return redis;
  };
  const commands = open('commands', false);
  // Subscriptions are made again by ioredis after every reconnect.
  const subscriber = open('subscriber', true);
  return {
    commands,
    subscriber,
    isUp: () => commands.status === 'ready',
    requireUp() {
      if (commands.status === 'ready') return;
      throw new KilnError('storage.unavailable', `Redis does not answer (${commands.status}); try again`);
    },
    onUp(listener) {
      if (commands.status === 'ready') listener();
      commands.on('ready', listener);
    },
    close() {
      commands.disconnect();
      subscriber.disconnect();
    },
  };
}

/** ioredis takes a socket's path as it is, with its query. */
export const connectionPath = (url: string) => (url.startsWith('unix:') ? url.replace(/^unix:(\/\/)?/, '') : url);
