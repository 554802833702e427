/** A whole farm of its own, in a temporary KILN_HOME on a free port: for end-to-end tests and benchmarks. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Client, createClient } from '@kiln/shared';
import { processEnvironment } from '../config.ts';
import { type Credentials, readCredentials } from '../credentials.ts';
import { REPOSITORY } from '../repository.ts';

export interface TrialFarmOptions {
  /** Repository to start; @defaultValue this one. */
  readonly repository?: string;
  /** KILN_HOME to start again from; @defaultValue a fresh one, removed by `remove`. */
  readonly home?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** @defaultValue 300,000 */
  readonly readyTimeoutMs?: number;
}

export interface TrialFarm {
  readonly home: string;
  readonly url: string;
  readonly credentials: Credentials;
  readonly client: Client;
  /** Milliseconds from starting the process to its word `ready`. */
  readonly readyMs: number;
  /** The supervisor. */
  readonly process: ChildProcess;
  /** Everything that it printed so far. */
  output(): string;
  /** Ctrl-C; resolves with the exit code when it has ended. */
  stop(): Promise<number | null>;
  /** Stops, and removes its KILN_HOME. */
  remove(): Promise<void>;
}

/** Kept from one trial to the next, so that not each of them looks what the GPU can do. */
const PROBE = join(REPOSITORY, 'infra', 'dist', 'trial', 'probe.json');
const probeOf = (home: string) => join(home, 'worker-cache', 'probe.json');

/** Starts `npm start`'s own program and waits for `ready`. */
export async function startTrialFarm(options: TrialFarmOptions = {}): Promise<TrialFarm> {
  const repository = options.repository ?? REPOSITORY;
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'kiln-trial-')));
  await mkdir(home, { recursive: true });
  if (options.home === undefined) await copy(PROBE, probeOf(home));
  const startedAt = performance.now();
  const child = spawn(process.execPath, [join(repository, 'infra', 'bin', 'start.mjs')], {
    cwd: repository,
    env: { ...processEnvironment(), KILN_HOME: home, KILN_PORT: '0', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const lines: string[] = [];
  const keep = createWriteStream(join(home, 'trial.log'), { flags: 'a' });
  child.stderr.on('data', (data: Buffer) => lines.push(data.toString()));
  child.stderr.pipe(keep, { end: false });
  child.stdout.pipe(keep, { end: false });

  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
    const code = await ended;
    keep.end();
    return code;
  };
  await untilReady(child, ended, lines, options.readyTimeoutMs ?? 300_000).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  const readyMs = performance.now() - startedAt;
  await copy(probeOf(home), PROBE);
  const credentials = readCredentials(join(home, 'credentials.json'));
  if (!credentials) throw new Error(`the farm wrote no credentials into ${home}`);
  return {
    home,
    url: credentials.url,
    credentials,
    client: createClient({ url: credentials.url, apiKey: credentials.apiKey, fetch }),
    readyMs,
    process: child,
    output: () => lines.join('\n'),
    stop,
    remove: async () => {
      await stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Where there is such a file. */
async function copy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to).catch(() => undefined);
}

function untilReady(
  child: ChildProcess,
  ended: Promise<number | null>,
  lines: string[],
  timeoutMs: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (how: string) => reject(new Error(`the farm ${how}:\n${lines.join('\n')}`));
    const late = setTimeout(() => fail(`was not ready after ${timeoutMs} ms`), timeoutMs);
    void ended.then((code) => fail(`ended with code ${code}`)).finally(() => clearTimeout(late));
    if (!child.stdout) return fail('has no output');
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      if (line.trim() !== 'ready') return;
      clearTimeout(late);
      resolve();
    });
  });
}
