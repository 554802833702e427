/**
 * An exclusive lock on a folder, by the operating system: `flock` on `<folder>.lock`. The lock belongs to the open file,
 * so it ends with the process however it dies, and no process id is ever compared.
 *
 * Node has no flock: `flock(1)` of util-linux locks the file that it inherits, and the lock stays with our own handle on
 * it when that command has ended. (A lock file with a process id was rejected: ids are used again, containers have their own.)
 */
import { spawn } from 'node:child_process';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What `flock` exits with when another holds the lock; any number that it does not use itself. */
const EXIT_HELD = 75;

export interface FolderLock {
  release(): Promise<void>;
}

/** Thrown when another living process holds the lock. */
export class FolderLockedError extends Error {
  override readonly name = 'FolderLockedError';
}

/**
 * @param folder need not exist yet.
 * @throws FolderLockedError when another holds it, in this process or another.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = `${folder}.lock`;
  await mkdir(dirname(path), { recursive: true });
  // 'a+' neither truncates what the holder wrote nor needs the file to exist. The file is never deleted: whoever locked a
  // deleted file would hold nothing.
  const file = await open(path, 'a+', 0o600);
  try {
    const exitCode = await flock(file.fd);
    if (exitCode === EXIT_HELD) {
      const holder = (await file.readFile('utf8')).trim();
      throw new FolderLockedError(
        `${folder} is in use by another Kiln process${/^\d+$/.test(holder) ? ` (process ${holder})` : ''}: ` +
          'stop that one first, or set KILN_HOME to another folder',
      );
    }
    if (exitCode !== 0) throw new Error(`flock ended with ${exitCode} on ${path}`);
    await file.truncate(0);
    await file.write(`${process.pid}\n`);
  } catch (error) {
    await file.close();
    throw error;
  }
  return { release: once(file) };
}

function flock(fd: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn('flock', ['--exclusive', '--nonblock', '--conflict-exit-code', `${EXIT_HELD}`, '3'], {
      stdio: ['ignore', 'ignore', 'ignore', fd],
    });
    child.once('error', (cause) => reject(new Error('flock cannot be run: install util-linux', { cause })));
    child.once('exit', resolve);
  });
}

function once(file: FileHandle): () => Promise<void> {
  let closing: Promise<void> | null = null;
  return () => {
    closing ??= file.close();
    return closing;
  };
}
