/** Starts a PostgreSQL of its own for a test file: real binaries, a private folder and socket, an unprivileged user. */
import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';

const run = promisify(execFile);
const VERSIONS = '/usr/lib/postgresql';
/** `nobody`: PostgreSQL refuses to run as root. */
const UNPRIVILEGED = 65_534;

export interface TestPostgres {
  /** Of its own database, where others are made from. */
  readonly url: string;
  /** URL of a new, empty database. */
  createDatabase(): Promise<string>;
  /** `SIGQUIT`, as a crash, then a new process on the same files. */
  restart(): Promise<void>;
  /** Ends every connection of this application name, as a network failure would. */
  cutConnections(applicationName: string): Promise<void>;
  stop(): Promise<void>;
}

/** Folder of the newest PostgreSQL's programs, or null when none is installed. */
export async function findPostgres(): Promise<string | null> {
  const versions = (await readdir(VERSIONS).catch(() => [])).filter((name) => /^\d+$/.test(name));
  const newest = versions.sort((a, b) => Number(a) - Number(b)).at(-1);
  return newest === undefined ? null : join(VERSIONS, newest, 'bin');
}

/** @param bin what `findPostgres` found. */
export async function startPostgres(bin: string): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'kiln-pg-'));
  const asRoot = process.getuid?.() === 0;
  const user = asRoot ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
  if (asRoot) await chown(folder, UNPRIVILEGED, UNPRIVILEGED);
  const data = join(folder, 'data');
  const options = { ...user, cwd: folder, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', HOME: folder } };
  await run(join(bin, 'initdb'), ['-D', data, '-U', 'kiln', '-A', 'trust', '-E', 'UTF8', '--no-sync'], options);

  const launch = () => {
    const server = spawn(
      join(bin, 'postgres'),
      ['-D', data, '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off', '-c', 'max_connections=200'],
      { ...options, stdio: 'ignore' },
    );
    const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
    return async () => {
      server.kill('SIGQUIT');
      await ended;
    };
  };
  let end = launch();
  const url = (database: string) => `postgresql://kiln@localhost/${database}?host=${encodeURIComponent(folder)}`;
  const admin = (sql: string, parameters: unknown[] = []) => runAt(url('postgres'), sql, parameters);
  await untilReady(() => admin('select 1'));

  return {
    url: url('postgres'),
    createDatabase: () => createDatabaseAt(url('postgres')),
    async restart() {
      await end();
      end = launch();
      await untilReady(() => admin('select 1'));
    },
    cutConnections: (applicationName) =>
      admin('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [applicationName]),
    async stop() {
      await end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** @param url of any database of a PostgreSQL where its user may make more. @returns that of a new, empty one. */
async function createDatabaseAt(url: string): Promise<string> {
  const name = `kiln_${randomUUID().replaceAll('-', '')}`;
  await runAt(url, `create database ${name}`);
  return databaseAt(url, name);
}

/** @param url of a database that nobody is connected to. @returns that of a new one that is as it is. */
export async function copyDatabase(url: string): Promise<string> {
  const name = `kiln_${randomUUID().replaceAll('-', '')}`;
  await runAt(databaseAt(url, 'postgres'), `create database ${name} template ${nameOf(url)}`);
  return databaseAt(url, name);
}

/** Whoever is connected to it loses that. */
export const dropDatabase = (url: string): Promise<void> =>
  runAt(databaseAt(url, 'postgres'), `drop database if exists ${nameOf(url)} with (force)`);

const nameOf = (url: string): string => new URL(url).pathname.slice(1);

function databaseAt(url: string, name: string): string {
  const made = new URL(url);
  made.pathname = `/${name}`;
  return made.href;
}

async function runAt(connectionString: string, sql: string, parameters: unknown[] = []): Promise<void> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => {});
  await client.connect();
  await client.query(sql, parameters).finally(() => client.end());
}

async function untilReady(attempt: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === 300) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
