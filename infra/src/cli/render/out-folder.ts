/** The folder that frames are written into. */
import { constants } from 'node:fs';
import { access, mkdir, rmdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { KilnError } from '@kiln/shared';

const FULL = new Set(['ENOSPC', 'EDQUOT']);
/** What no later try mends. */
const WRONG_PATH = new Set(['EACCES', 'EPERM', 'EROFS', 'EISDIR', 'ENOTDIR', 'EEXIST', 'ENAMETOOLONG']);

/**
 * Makes the folder, and looks whether files can be put into it: before anything is uploaded.
 *
 * @returns takes back what was made, as far as nothing is in it.
 * @throws KilnError `request.invalid` when it cannot be had; `storage.full`.
 */
export async function prepareOutFolder(folder: string): Promise<() => Promise<void>> {
  const path = resolve(folder);
  try {
    const firstMade = await makeFolder(path);
    await access(path, constants.W_OK | constants.X_OK);
    return () => (firstMade === undefined ? Promise.resolve() : removeEmpty(path, firstMade));
  } catch (error) {
    throw writeError(error, folder) ?? wrongPath(folder, error);
  }
}

/**
 * Not `mkdir` with `recursive`: below /proc that never ends.
 *
 * @returns the uppermost folder that was made, if any.
 */
async function makeFolder(path: string): Promise<string | undefined> {
  if (await isFolder(path)) return undefined;
  const firstMade = await makeFolder(dirname(path));
  try {
    await mkdir(path);
  } catch (error) {
    // Somebody else has made it meanwhile.
    if (!(await isFolder(path))) throw error;
  }
  return firstMade ?? path;
}

const isFolder = async (path: string) => (await stat(path).catch(() => null))?.isDirectory() ?? dirname(path) === path;

/** @param last the uppermost folder that may go. */
async function removeEmpty(folder: string, last: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch {
    return;
  }
  if (folder !== last) await removeEmpty(dirname(folder), last);
}

/** A failure to write below `--out` that trying again does not mend; null for any other. */
export function writeError(error: unknown, path: string): KilnError | null {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (FULL.has(code)) return new KilnError('storage.full', `No room on this disk for ${path}.`, { cause: error });
  return WRONG_PATH.has(code) ? wrongPath(path, error) : null;
}

function wrongPath(path: string, cause: unknown): KilnError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new KilnError('request.invalid', `“${path}” cannot be written (${why}); name another folder.`, {
    cause,
    field: '--out',
  });
}
