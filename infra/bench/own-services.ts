/** What a farm in production stands on, started for a bench: PostgreSQL and Redis, each in a folder that goes with it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { processEnvironment } from '../src/config.ts';
import { findPostgres } from '../src/setup/found.ts';
import { which } from '../src/setup/which.ts';
import { ownRedis } from '../src/supervisor/redis.ts';

const run = promisify(execFile);
/** `nobody`: PostgreSQL refuses to run as root. */
const UNPRIVILEGED = 65_534;
const POLL_MS = 50;

/**
 * Commits reach the disk, and none waits for others (`commit_delay` 0): the server writes what comes together in one
 * transaction. The rest is as PostgreSQL's own advice for a small machine has it.
 */
const SETTINGS = [
  ['listen_addresses', ''],
  ['fsync', 'on'],
  ['synchronous_commit', 'on'],
  ['commit_delay', '0'],
  ['shared_buffers', '512MB'],
  ['max_wal_size', '4GB'],
  ['max_connections', '100'],
] as const;

export interface OwnService {
  readonly pid: number;
  readonly url: string;
  stop(): Promise<void>;
}

/** @returns an empty database, or null where no PostgreSQL is installed. */
export async function startPostgres(): Promise<OwnService | null> {
  const bin = findPostgres(processEnvironment().PATH ?? '');
  if (bin === null) return null;
  const folder = await mkdtemp(join(tmpdir(), 'kiln-bench-pg-'));
  const isRoot = process.getuid?.() === 0;
  if (isRoot) await chown(folder, UNPRIVILEGED, UNPRIVILEGED);
  const user = isRoot ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
  const options = { ...user, cwd: folder, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', HOME: folder } };
  const data = join(folder, 'data');
  await run(join(bin, 'initdb'), ['-D', data, '-U', 'kiln', '-A', 'trust', '-E', 'UTF8', '--no-sync'], options);
  const settings = SETTINGS.flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(join(bin, 'postgres'), ['-D', data, '-k', folder, ...settings], { ...options, stdio: 'ignore' });
  const url = (database: string) => `postgresql://kiln@localhost/${database}?host=${encodeURIComponent(folder)}`;
  await untilAnswers(server, () => query(url('postgres'), 'create database kiln'));
  return { pid: server.pid ?? 0, url: url('kiln'), stop: () => stop(server, 'SIGINT', folder) };
}

/** With the settings that a farm starts it with. @throws Error where none is installed. */
export async function startRedis(): Promise<OwnService> {
  const { PATH = '' } = processEnvironment();
  const binary = which('redis-server', PATH) ?? which('valkey-server', PATH);
  if (binary === null) throw new Error('no redis-server was found');
  const folder = await mkdtemp(join(tmpdir(), 'kiln-bench-redis-'));
  const { spec, url } = await ownRedis(binary, folder, PATH);
  const [program, ...args] = spec.command;
  const server = spawn(program, args, { cwd: spec.cwd, env: spec.env, stdio: 'ignore' });
  await spec.isReady(server);
  return { pid: server.pid ?? 0, url, stop: () => stop(server, 'SIGTERM', folder) };
}

/** @returns the first row. */
export async function query<R extends pg.QueryResultRow>(url: string, sql: string): Promise<R | undefined> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<R>(sql)).rows[0];
  } finally {
    await client.end();
  }
}

async function untilAnswers(server: ChildProcess, ask: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await ask();
      return;
    } catch (error) {
      if (server.exitCode !== null) throw error;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

async function stop(server: ChildProcess, signal: NodeJS.Signals, folder: string): Promise<void> {
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  if (server.exitCode === null && server.kill(signal)) await ended;
  await rm(folder, { recursive: true, force: true });
}
