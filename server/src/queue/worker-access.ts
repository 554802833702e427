/**
 * What a worker may do in Redis: take deliveries from its own two queues and hear its own channel, nothing else. Where
 * this server may not make users, workers share its own connection, and health says so.
 */
import { createHash } from 'node:crypto';
import { KilnError } from '@kiln/shared';
import type { Logger } from 'pino';
import { QUEUE_PREFIX, queueName } from './delivery-queues.ts';
import type { RedisConnections } from './redis.ts';
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
  /** Finds whether this server may make users, and warns when it may not. @throws as `grant` */
  check(): Promise<void>;
  /** False when workers share this server's own user. Null: not known yet. */
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
  #confined: boolean | null = null;

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
      ...(['render', 'import'] as const).map((lane) => `~${QUEUE_PREFIX}:${queueName(workerId, lane)}:*`),
      `&${signalChannel(workerId)}`,
      ...COMMANDS,
    );
    return this.#confined === false
      ? sharedCredentials(this.#url)
      : { ...withoutCredentials(this.#url), username, password };
  }

  async check(): Promise<void> {
    const username = userName('check');
    await this.#setUser(username, 'off');
    if (this.#confined) await this.#redis.commands.call('ACL', 'DELUSER', username);
  }

  /** Whether it was made is in `#confined` then. @throws KilnError `storage.unavailable` when Redis does not say. */
  async #setUser(username: string, ...rules: readonly string[]): Promise<void> {
    this.#redis.requireUp();
    try {
      await this.#redis.commands.call('ACL', 'SETUSER', username, 'reset', ...rules);
      this.#confined = true;
    } catch (error) {
      if (!mayMakeNone(error)) {
        throw new KilnError('storage.unavailable', 'Redis does not answer as expected; try again', { cause: error });
      }
      if (this.#confined !== false) {
        this.#log.warn({ err: error }, 'Redis lets this server make no users: workers share its own access to Redis');
      }
      this.#confined = false;
    }
  }

  async revoke(workerId: string): Promise<void> {
    if (this.#confined === false) return;
    this.#redis.requireUp();
    await this.#redis.commands.call('ACL', 'DELUSER', userName(workerId));
  }

  isConfined(): boolean | null {
    return this.#confined;
  }
}

/** It is not allowed to, or Redis knows no users. Anything else may be over in a moment, and must open nothing. */
const mayMakeNone = (error: unknown) =>
  error instanceof Error && /^(NOPERM|ERR unknown (sub)?command)/i.test(error.message);

const userName = (workerId: string) => `kiln-${workerId}`;

function withoutCredentials(url: string): { url: string } {
  if (url.startsWith('unix:')) return { url };
  const parsed = new URL(url);
  parsed.username = '';
  parsed.password = '';
  return { url: parsed.href };
}

function sharedCredentials(url: string): RedisCredentials {
  if (url.startsWith('unix:')) return { url, username: null, password: null };
  const { username, password } = new URL(url);
  return {
    ...withoutCredentials(url),
    username: username === '' ? null : decodeURIComponent(username),
    password: password === '' ? null : decodeURIComponent(password),
  };
}
