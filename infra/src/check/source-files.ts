import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

const SOURCE = /\.(ts|tsx|mts|js|mjs|jsx)$/;
const SKIPPED = new Set(['node_modules', 'dist', 'out', 'coverage', '.kiln']);

/** Source files below these folders, sorted; folders that do not exist are passed over. */
export async function sourceFiles(folders: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (SKIPPED.has(entry.name)) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await walk(path);
      else if (SOURCE.test(entry.name)) found.push(path);
    }
  };
  for (const folder of folders) await walk(folder);
  return found.sort();
}
