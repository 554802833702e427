/** A server in a process of its own, as `kiln server` starts it, which can be told to end or stop at a point of its code. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import type { AuditReport } from '@kiln/shared';
import { readCredentials } from '../../src/identity/credentials-file.ts';
import { WORKER_TOKEN } from '../farm-fixture.ts';

export const KILN = resolve(import.meta.dirname, '../../../infra/bin/kiln.mjs');

export interface ServerProcessOptions {
  readonly home: string;
  readonly redisUrl: string;
  readonly databaseUrl: string | null;
  /** @defaultValue any free one */
  readonly port?: number;
  /** `POINT@N:ACTION` */
  readonly fault?: string;
  /** File for how often each point was passed. */
  readonly passesPath?: string;
  readonly leaseMs?: number;
  /** More of its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface ServerProcess {
  readonly pid: number;
  readonly url: string;
  readonly port: number;
  readonly apiKey: string;
  /** Whether it came to its fault. */
  readonly struck: boolean;
  /** Settles when it came to its fault. */
  readonly strike: Promise<void>;
  /** Settles when the process has ended. */
  readonly ended: Promise<void>;
  /** What it said on its standard outputs. */
  output(): string;
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void;
  /** Ends it, in order unless told otherwise, and waits for that. */
  stop(name?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** Resolves when it takes requests; null when it came to its fault before: then it is no more. */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess | null> {
  const { home, redisUrl, databaseUrl, port = 0, fault, passesPath, leaseMs = 6_000, env = {} } = options;
  const child = spawn(process.execPath, [KILN, 'server'], {
    env: {
      PATH: process.env.PATH,
      KILN_HOME: home,
      KILN_REDIS_URL: redisUrl,
      ...(databaseUrl === null ? {} : { KILN_DATABASE_URL: databaseUrl }),
      KILN_PORT: String(port),
      KILN_WORKER_TOKEN: WORKER_TOKEN,
      KILN_SAMPLE_SCENE: '/nowhere/sample.glb',
      KILN_DISK_RESERVE_BYTES: '0',
      KILN_LOG_LEVEL: 'warn',
      KILN_TEST: '1',
      KILN_TEST_LEASE_MS: String(leaseMs),
      ...(fault === undefined ? {} : { KILN_FAULT: fault }),
      ...(passesPath === undefined ? {} : { KILN_TEST_PASSES: passesPath }),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const said = listenTo(child);
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  const ready = new Promise<string>((done) => {
    child.on('message', (message: { kiln?: string; detail?: string }) => {
      if (message.kiln === 'ready') done(message.detail ?? '');
    });
  });
  const url = await Promise.race([ready, ended.then(() => null), said.strike.then(() => null)]);
  const pid = child.pid ?? 0;
  if (url === null) {
    child.kill('SIGKILL');
    await ended;
    if (said.struck) return null;
    throw new Error(`the server did not start: ${said.text}`);
  }
  const credentials = await readCredentials(home);
  if (credentials === null) throw new Error('the server wrote no credentials');
  return {
    pid,
    url,
    port: Number(new URL(url).port),
    apiKey: credentials.apiKey,
    get struck() {
      return said.struck;
    },
    strike: said.strike,
    ended,
    output: () => said.text,
    signal: (name) => void process.kill(pid, name),
    async stop(name = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(name);
        child.kill('SIGCONT');
      }
      await ended;
    },
  };
}

function listenTo(child: ChildProcess): { text: string; struck: boolean; readonly strike: Promise<void> } {
  let hit = () => {};
  const strike = new Promise<void>((done) => {
    hit = done;
  });
  const said = { text: '', struck: false, strike };
  const add = (part: string) => {
    said.text = (said.text + part).slice(-1_000_000);
    if (said.struck || !/^fault: /m.test(said.text)) return;
    said.struck = true;
    hit();
  };
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', add);
  return said;
}

/** The verdict of `kiln audit` on a server: its exit code, and the checks that found something. */
export function kilnAudit(server: Pick<ServerProcess, 'url' | 'apiKey'>): Promise<{ code: number; broken: object[] }> {
  const env = { PATH: process.env.PATH, KILN_URL: server.url, KILN_API_KEY: server.apiKey };
  return new Promise((done, fail) => {
    const child = execFile(process.execPath, [KILN, 'audit', '--json'], { env }, (_error, stdout, stderr) => {
      try {
        const report = JSON.parse(stdout) as AuditReport;
        done({ code: child.exitCode ?? -1, broken: report.checks.filter(({ violations }) => violations > 0) });
      } catch {
        fail(new Error(`kiln audit said: ${stdout}${stderr}`));
      }
    });
  });
}
