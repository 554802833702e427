import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Endings of source files. */
export const SOURCE = /\.(ts|tsx|mts|js|mjs|jsx)$/;

const SKIPPED = new Set(['node_modules', 'dist', 'out', 'coverage', '.kiln']);

/** Files below these folders whose names match, sorted; folders that are generated are passed over. */
export async function filesBelow(folders: readonly string[], name: RegExp): Promise<string[]> {
  const found: string[] = [];
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (SKIPPED.has(entry.name)) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await walk(path);
      else if (name.test(entry.name)) found.push(path);
    }
  };
  for (const folder of folders) await walk(folder);
  return found.sort();
}
