import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const SKIPPED = new Set(['node_modules', 'dist', 'test', 'bench']);

/**
 * Hash of the names and bytes of every file below these paths: what a build is made from. A path that does not exist
 * counts as such.
 */
async function hashInputs(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  const visit = async (path: string): Promise<void> => {
    hash.update(`${path}\0`);
    try {
      const entries = await readdir(path, { withFileTypes: true });
      for (const { name } of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
        if (!SKIPPED.has(name)) await visit(join(path, name));
      }
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'ENOTDIR') hash.update(await readFile(path));
      else if (code !== 'ENOENT') throw error;
    }
  };
  for (const path of paths) await visit(path);
  return hash.digest('hex');
}

/** A folder that is built, and what of. */
export interface BuiltFolder {
  readonly output: string;
  /** The folder is well when it holds this file. @defaultValue index.html */
  readonly mainFile?: string;
  /** Beside it: hash of what it was built of. */
  readonly stampFile: string;
  /** Files and folders that it is built of. */
  readonly inputs: readonly string[];
}

/**
 * Builds into a new folder and puts that in the place of `output`, unless `output` was built of the same inputs. A build
 * that fails or is cut leaves the old folder, and the next call builds.
 *
 * @param build gets the path of the new folder.
 * @returns whether it built.
 * @throws Error what `build` throws, or when it made no main file.
 */
export async function buildUnlessStamped(
  { output, mainFile = 'index.html', stampFile, inputs }: BuiltFolder,
  build: (folder: string) => Promise<void>,
): Promise<boolean> {
  const hash = await hashInputs(inputs);
  const stamp = await readFile(stampFile, 'utf8').catch(() => '');
  if (stamp === hash && isBuilt(output, mainFile)) return false;
  const draft = `${output}.draft-${process.pid}`;
  await rm(stampFile, { force: true });
  try {
    await mkdir(dirname(output), { recursive: true });
    await build(draft);
    if (!isBuilt(draft, mainFile)) throw new Error(`The build of ${output} made no ${mainFile}.`);
    await rm(output, { recursive: true, force: true });
    await rename(draft, output);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  await writeFile(stampFile, hash);
  return true;
}

const isBuilt = (folder: string, mainFile: string) => existsSync(join(folder, mainFile));
