import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** First file of this name in the folders of `searchPath`, or null. */
export function which(name: string, searchPath: string): string | null {
  for (const folder of [...searchPath.split(delimiter), '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin']) {
    const path = join(folder, name);
    if (folder !== '' && existsSync(path)) return path;
  }
  return null;
}
