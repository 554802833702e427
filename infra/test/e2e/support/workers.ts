/** Workers that a farm under test did not start itself. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { REPOSITORY } from '../../../src/repository.ts';
import type { TrialFarm } from '../../../src/trial/trial-farm.ts';

export interface StartedWorker {
  readonly process: ChildProcess;
  /** The signal that ended it; null: it ended in order. */
  readonly ended: Promise<NodeJS.Signals | null>;
}

/** `kiln worker`, with one slot. */
export function startWorker(
  { home, url, credentials }: Pick<TrialFarm, 'home' | 'url' | 'credentials'>,
  name: string,
  env: Readonly<Record<string, string>> = {},
): StartedWorker {
  const child = spawn(process.execPath, [join(REPOSITORY, 'infra', 'bin', 'kiln.mjs'), 'worker'], {
    env: {
      ...process.env,
      KILN_HOME: home,
      KILN_URL: url,
      KILN_WORKER_TOKEN: credentials.workerToken,
      KILN_WORKER_NAME: name,
      KILN_SLOTS: '1',
      ...env,
    },
    stdio: 'ignore',
  });
  return { process: child, ended: new Promise((done) => child.once('exit', (_code, signal) => done(signal))) };
}
