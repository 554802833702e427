import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

/** A real redis-server on a socket of its own. */
export class RedisServer {
  readonly url: string;
  readonly #folder: string;
  #process: ChildProcess | null = null;

  private constructor(folder: string) {
    this.#folder = folder;
    this.url = `unix:${join(folder, 'redis.sock')}`;
  }

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await mkdtemp(join(tmpdir(), 'kiln-redis-')));
    await server.run();
    return server;
  }

  /** Starts it (again), empty. */
  async run(): Promise<void> {
    const socket = this.url.slice('unix:'.length);
    const args = ['--port', '0', '--unixsocket', socket, '--save', '', '--appendonly', 'no', '--dir', this.#folder];
    this.#process = spawn('redis-server', args, { stdio: 'ignore' });
    const connection = this.connect();
    while ((await connection.ping().catch(() => '')) !== 'PONG')
      await new Promise((resolve) => setTimeout(resolve, 20));
    connection.disconnect();
  }

  connect(): Redis {
    const connection = new Redis(this.url.slice('unix:'.length), { maxRetriesPerRequest: null });
    // Tests stop the server on purpose.
    connection.on('error', () => {});
    return connection;
  }

  async kill(): Promise<void> {
    if (!this.#process || this.#process.exitCode !== null) return;
    const exit = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exit;
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
