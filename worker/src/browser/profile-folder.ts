/**
 * A browser's HOME and profile: a folder of its own in the temporary directory that goes with it. Its name holds the
 * owner's pid and start time, so that the next start can tell what a killed worker left behind.
 */
import { randomBytes } from 'node:crypto';
import { chown, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../log.ts';
import type { BrowserUser } from './browser-user.ts';
import { pidsWith, startTicks } from './process-tree.ts';

const PREFIX = 'kiln-browser-';
const NAME = /^kiln-browser-(\d+)-(\d+)-[0-9a-f]+$/;

/** Made with mode 0700 and owned by `user`. */
export async function makeProfileFolder(user: BrowserUser | null): Promise<string> {
  const owner = `${process.pid}-${startTicks(process.pid) ?? 0}`;
  const folder = join(await openTemporaryFolder(user), `${PREFIX}${owner}-${randomBytes(6).toString('hex')}`);
  await mkdir(folder, { mode: 0o700 });
  if (user) await chown(folder, user.uid, user.gid);
  return folder;
}

export async function removeProfileFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** The configured temporary folder, unless another user cannot enter it. */
async function openTemporaryFolder(user: BrowserUser | null): Promise<string> {
  if (!user) return tmpdir();
  const { mode } = await stat(tmpdir());
  return (mode & 0o001) === 0 ? '/tmp' : tmpdir();
}

/** Ends browsers and removes folders whose worker is gone. */
export async function sweepProfileFolders(log: Log): Promise<void> {
  for (const parent of new Set([tmpdir(), '/tmp'])) {
    const names = await readdir(parent).catch(() => []);
    for (const name of names) {
      const [, pid, ticks] = NAME.exec(name) ?? [];
      if (pid === undefined || startTicks(Number(pid)) === ticks) continue;
      const folder = join(parent, name);
      for (const left of pidsWith(`--user-data-dir=${folder}`)) endProcess(left, log);
      try {
        await removeProfileFolder(folder);
        log.info({ folder }, 'removed the profile of a browser whose worker is gone');
      } catch (error) {
        log.debug({ folder, err: error }, 'a stale profile belongs to somebody else');
      }
    }
  }
}

function endProcess(pid: number, log: Log): void {
  try {
    process.kill(pid, 'SIGKILL');
    log.warn({ pid }, 'ended a browser whose worker is gone');
  } catch (error) {
    log.debug({ pid, err: error }, 'a stale browser ended by itself or belongs to somebody else');
  }
}
