import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isProcessRecord, isRunning, type ProcessRecord, processIdentity } from './process-identity.ts';

/** Between asking a left-over to end and ending it. */
const GRACE_MS = 2_000;
const POLL_MS = 25;

/** Notes of which processes this farm started, one file each, so that the next start can end what a crash left. */
export class PidFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** A process that has ended already leaves no note. */
  write(name: string, pid: number): void {
    const identity = processIdentity(pid);
    if (identity !== null) writeFileSync(join(this.#folder, `${name}.json`), JSON.stringify({ pid, identity }));
  }

  remove(name: string): void {
    rmSync(join(this.#folder, `${name}.json`), { force: true });
  }

  /**
   * Ends every noted process that still runs: each leads its own process group, which goes with it. A number that was
   * given to another program since is left alone.
   *
   * @returns names of what was ended.
   */
  async endLeftOvers(): Promise<string[]> {
    const ended: string[] = [];
    await Promise.all(
      readdirSync(this.#folder).map(async (file) => {
        const record = this.#read(file);
        if (record !== null && isRunning(record)) {
          await endGroup(record);
          ended.push(file.replace(/\.json$/, ''));
        }
        rmSync(join(this.#folder, file), { force: true });
      }),
    );
    return ended.sort();
  }

  #read(file: string): ProcessRecord | null {
    try {
      const value: unknown = JSON.parse(readFileSync(join(this.#folder, file), 'utf8'));
      return isProcessRecord(value) ? value : null;
    } catch {
      return null;
    }
  }
}

async function endGroup(record: ProcessRecord): Promise<void> {
  signalGroup(record.pid, 'SIGTERM');
  const deadlineMs = Date.now() + GRACE_MS;
  while (isRunning(record) && Date.now() < deadlineMs) await sleep(POLL_MS);
  signalGroup(record.pid, 'SIGKILL');
  while (isRunning(record)) await sleep(POLL_MS);
}

/** Signals a process group by its leader; one that is gone is no error. */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
