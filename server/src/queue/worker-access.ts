/**
 * What a worker may do in Redis: take deliveries from its own queues and hear its own channel, nothing else. Where
 * this server may not make users, workers share its own connection, and health says so.
 */
import { createHash } from 'node:crypto';
import { KilnError } from '@kiln/shared';
import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { REDIS_LIMITS } from '../dispatch/limits.ts';
import { LANES, QUEUE_PREFIX, queueName } from './delivery-queues.ts';
import { connectionPath, type RedisConnections } from './redis.ts';
import { signalChannel } from './worker-signals.ts';

export interface RedisCredentials {
  readonly url: string;
  readonly username: string | null;
  readonly password: string | null;
}

export interface WorkerAccess {
  /**
   * @param secretHash of the worker's secret: the password follows from it, so that every server can make the user again.
   * @throws KilnError `storage.unavailable` while Redis is away.
   */
  grant(workerId: string, secretHash: string): Promise<RedisCredentials>;
  revoke(workerId: string): Promise<void>;
  /**
   * Finds whether this server may make users, and whether Redis lets nobody in without one, and warns when not.
   *
   * @throws as `grant`
   */
  check(): Promise<void>;
  /** False when workers share this server's own user, or need none. Null: not known yet. */
  isConfined(): boolean | null;
}

/**
 * What BullMQ's Worker and ioredis send. Commands inside BullMQ's scripts are checked one by one, against the keys that
 * they touch.
 */
const COMMANDS = [
  '-@all',
  '+@connection',
  '-client|kill',
  '-client|list',
  '-client|pause',
  '-client|no-evict',
  '+info',
  '+eval',
  '+evalsha',
  '+script|load',
  '+subscribe',
  '+unsubscribe',
  '+multi',
  '+exec',
  '+@hash',
  '+@list',
  '+@set',
  '+@sortedset',
  '+@stream',
  '+@string',
  '+del',
  '+unlink',
  '+exists',
  '+expire',
  '+pexpire',
  '+ttl',
  '+pttl',
  '+type',
  '+time',
  '-@dangerous',
  '+info',
] as const;

export class AclWorkerAccess implements WorkerAccess {
  readonly #redis: RedisConnections;
  readonly #url: string;
  readonly #log: Logger;
  #makesUsers: boolean | null = null;
  /** Redis takes commands of whoever connects. */
  #isOpen = false;

  /** @param url this server's own, with its credentials. */
  constructor(redis: RedisConnections, url: string, log: Logger) {
    this.#redis = redis;
    this.#url = url;
    this.#log = log;
  }

  async grant(workerId: string, secretHash: string): Promise<RedisCredentials> {
    const password = createHash('sha256').update(`redis ${workerId} ${secretHash}`).digest('hex');
    const username = userName(workerId);
    await this.#setUser(
      username,
      'on',
      `#${createHash('sha256').update(password).digest('hex')}`,
      ...LANES.map((lane) => `~${QUEUE_PREFIX}:${queueName(workerId, lane)}:*`),
      `&${signalChannel(workerId)}`,
      ...COMMANDS,
    );
    return this.#makesUsers === false
      ? sharedCredentials(this.#url)
      : { ...withoutCredentials(this.#url), username, password };
  }

  async check(): Promise<void> {
    const username = userName('check');
    await this.#setUser(username, 'off');
    if (this.#makesUsers) await this.#redis.commands.call('ACL', 'DELUSER', username);
    const isOpen = await letsAnybodyIn(this.#url);
    if (isOpen && !this.#isOpen) {
      this.#log.warn('Redis asks for no password: workers can reach all that is in it; set requirepass');
    }
    this.#isOpen = isOpen;
  }

  /** Whether it was made is in `#makesUsers` then. @throws KilnError `storage.unavailable` when Redis does not say. */
  async #setUser(username: string, ...rules: readonly string[]): Promise<void> {
    this.#redis.requireUp();
    try {
      await this.#redis.commands.call('ACL', 'SETUSER', username, 'reset', ...rules);
      this.#makesUsers = true;
    } catch (error) {
      if (!mayMakeNone(error)) {
        throw new KilnError('storage.unavailable', 'Redis does not answer as expected; try again', { cause: error });
      }
      if (this.#makesUsers !== false) {
        this.#log.warn({ err: error }, 'Redis lets this server make no users: workers share its own access to Redis');
      }
      this.#makesUsers = false;
    }
  }

  async revoke(workerId: string): Promise<void> {
    if (this.#makesUsers === false) return;
    this.#redis.requireUp();
    await this.#redis.commands.call('ACL', 'DELUSER', userName(workerId));
  }

  isConfined(): boolean | null {
    return this.#makesUsers && !this.#isOpen;
  }
}

/** It is not allowed to, or Redis knows no users. Anything else may be over in a moment, and must open nothing. */
const mayMakeNone = (error: unknown) =>
  error instanceof Error && /^(NOPERM|ERR unknown (sub)?command)/i.test(error.message);

const userName = (workerId: string) => `kiln-${workerId}`;

/** Whether Redis takes a command of somebody who says no name and no password. */
async function letsAnybodyIn(url: string): Promise<boolean> {
  const stranger = new Redis(connectionPath(withoutCredentials(url).url), {
    lazyConnect: true,
    enableReadyCheck: false,
    // The handshake of 3 is refused before anything is asked.
    protocol: 2,
    connectTimeout: REDIS_LIMITS.commandTimeoutMs,
    commandTimeout: REDIS_LIMITS.commandTimeoutMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  stranger.on('error', () => {});
  try {
    await stranger.connect();
    await stranger.ping();
    return true;
  } catch (error) {
    // It is let in and may not do this; else it was not let in.
    return error instanceof Error && error.message.startsWith('NOPERM');
  } finally {
    stranger.disconnect();
  }
}

function withoutCredentials(url: string): { url: string } {
  const parsed = new URL(url);
  if (parsed.protocol === 'unix:') return { url: url.split('?', 1)[0] ?? url };
  parsed.username = '';
  parsed.password = '';
  return { url: parsed.href };
}

function sharedCredentials(url: string): RedisCredentials {
  const { protocol, username, password, searchParams } = new URL(url);
  const inQuery = protocol === 'unix:';
  return {
    ...withoutCredentials(url),
    username: (inQuery ? searchParams.get('username') : decodeURIComponent(username)) || null,
    password: (inQuery ? searchParams.get('password') : decodeURIComponent(password)) || null,
  };
}
