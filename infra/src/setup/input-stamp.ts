import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
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

/**
 * Runs `build` unless `stampFile` holds the hash of the same inputs.
 *
 * @returns whether it built.
 */
export async function buildUnlessStamped(
  stampFile: string,
  inputs: readonly string[],
  build: () => Promise<void>,
): Promise<boolean> {
  const hash = await hashInputs(inputs);
  const stamp = await readFile(stampFile, 'utf8').catch(() => '');
  if (stamp === hash) return false;
  await build();
  await mkdir(dirname(stampFile), { recursive: true });
  await writeFile(stampFile, hash);
  return true;
}
