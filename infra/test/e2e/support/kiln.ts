/** Runs the `kiln` command as a person or a script would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { REPOSITORY } from '../../../src/repository.ts';
import type { TrialFarm } from '../../../src/trial/trial-farm.ts';

/** A line of `--json`. */
type Line = Readonly<Record<string, unknown>>;

export interface KilnResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Lines of standard output, where they are JSON objects. */
  readonly lines: readonly Line[];
}

export interface KilnRun {
  readonly process: ChildProcess;
  /** Resolves with the first line of `--json` that is such an event; rejects when the command ends without. */
  event(name: string): Promise<Line>;
  readonly ended: Promise<KilnResult>;
}

/** Starts `kiln …args` where it finds `farm` by its KILN_HOME. */
export function startKiln(
  farm: Pick<TrialFarm, 'home'>,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): KilnRun {
  const child = spawn(process.execPath, [join(REPOSITORY, 'infra', 'bin', 'kiln.mjs'), ...args], {
    cwd: farm.home,
    env: { ...process.env, KILN_HOME: farm.home, HOME: farm.home, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts: string[] = [];
  const errors: string[] = [];
  const lines: Line[] = [];
  const waiting = new Map<string, (line: Line) => void>();
  createInterface({ input: child.stdout }).on('line', (text) => {
    texts.push(text);
    const line = objectOf(text);
    if (line === null) return;
    lines.push(line);
    if (typeof line.event === 'string') waiting.get(line.event)?.(line);
  });
  child.stderr.on('data', (bytes: Buffer) => errors.push(bytes.toString()));
  const ended = new Promise<KilnResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout: texts.join('\n'), stderr: errors.join(''), lines }));
  });
  return {
    process: child,
    ended,
    event: (name) =>
      new Promise((resolve, reject) => {
        const known = lines.find((line) => line.event === name);
        if (known !== undefined) return resolve(known);
        waiting.set(name, resolve);
        void ended.then(({ stderr, stdout }) => reject(new Error(`ended without “${name}”:\n${stdout}\n${stderr}`)));
      }),
  };
}

export const kiln = (farm: Pick<TrialFarm, 'home'>, ...args: readonly string[]): Promise<KilnResult> =>
  startKiln(farm, args).ended;

function objectOf(text: string): Line | null {
  if (!text.startsWith('{')) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
