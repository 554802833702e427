import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isProcessRecord, isRunning, type ProcessRecord, recordOf } from './process-identity.ts';

/** What the holder of a lock says of itself. */
export interface FarmRecord extends ProcessRecord {
  /** Address of the web app. */
  readonly url: string;
}

export class FarmRunningError extends Error {
  override readonly name = 'FarmRunningError';
  readonly farm: FarmRecord;

  constructor(farm: FarmRecord, path: string) {
    super(`A farm runs from this folder already: ${farm.url} (process ${farm.pid}, lock ${path}).`);
    this.farm = farm;
  }
}

/**
 * Takes the one lock of a KILN_HOME for this process. A lock whose process is gone is taken over.
 *
 * The lock is a file that appears with its content at once (a hard link), so nobody can read half of it; a stale one is
 * moved aside before it is replaced, which only one of several starters can do.
 *
 * @returns gives the lock back.
 * @throws FarmRunningError when another process holds it.
 */
export function takeFarmLock(path: string, url: string): () => void {
  mkdirSync(dirname(path), { recursive: true });
  const mine: FarmRecord = { ...recordOf(process.pid), url };
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(mine));
  try {
    while (!tryLink(draft, path)) {
      const holder = readFarmLock(path);
      if (holder !== null) throw new FarmRunningError(holder, path);
      removeStale(path);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  return () => {
    if (sameProcess(parseLock(path), mine)) rmSync(path, { force: true });
  };
}

/** The farm that runs from here, or null. */
export function readFarmLock(path: string): FarmRecord | null {
  const record = parseLock(path);
  return record !== null && isRunning(record) ? record : null;
}

function parseLock(path: string): FarmRecord | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (!isProcessRecord(value) || !('url' in value) || typeof value.url !== 'string') return null;
    return { pid: value.pid, identity: value.identity, url: value.url };
  } catch {
    return null;
  }
}

const sameProcess = (a: ProcessRecord | null, b: ProcessRecord) => a?.pid === b.pid && a.identity === b.identity;

function tryLink(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function removeStale(path: string): void {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return; // Another starter was faster.
  }
  const moved = parseLock(aside);
  // Between reading and moving, a faster starter may have put its own here: give it back.
  if (moved !== null && isRunning(moved)) tryLink(aside, path);
  rmSync(aside, { force: true });
}
