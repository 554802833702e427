/** Starts a Redis of its own for a test: a private socket in a private folder. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

export interface TestRedis {
  /** `unix:/path?password=…` */
  readonly url: string;
  /** A connection of the test's own. */
  readonly client: Redis;
  /** `SIGKILL`, then a new process on the same files. */
  restart(): Promise<void>;
  kill(): Promise<void>;
  launch(): Promise<void>;
  stop(): Promise<void>;
}

const PASSWORD = 'of-the-test';

export async function startRedis(settings: readonly string[] = []): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'kiln-redis-'));
  const path = join(folder, 'redis.sock');
  const address = `${path}?password=${PASSWORD}`;
  let child: ReturnType<typeof spawn> | null = null;
  const launch = async () => {
    child = spawn(
      'redis-server',
      [
        ...['--port', '0', '--unixsocket', path, '--dir', folder, '--maxmemory-policy', 'noeviction'],
        ...['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', '', '--requirepass', PASSWORD, ...settings],
      ],
      { stdio: 'ignore' },
    );
    await untilAnswers(address);
  };
  const kill = async () => {
    const dying = child;
    child = null;
    if (!dying || dying.exitCode !== null) return;
    const gone = new Promise<void>((resolve) => dying.once('exit', () => resolve()));
    dying.kill('SIGKILL');
    await gone;
  };
  await launch();
  const client = new Redis(address);
  client.on('error', () => {});
  return {
    url: `unix:${address}`,
    client,
    kill,
    launch,
    async restart() {
      await kill();
      await launch();
    },
    async stop() {
      client.disconnect();
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function untilAnswers(address: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const probe = new Redis(address, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
    probe.on('error', () => {});
    try {
      await probe.connect();
      await probe.ping();
      return;
    } catch (error) {
      if (tries === 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    } finally {
      probe.disconnect();
    }
  }
}
