/** Rules of the conventions that no linter here knows: where the environment is read, and how long a file may be. */
import { readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { filesBelow, SOURCE } from './files-below.ts';
import type { Violation } from './import-rules.ts';

/** Past this a file holds two ideas. */
const LINES_PER_FILE = 400;

const FOLDERS = ['shared/src', 'server/src', 'worker/src', 'viewer/src', 'infra/src', 'infra/bench'];

/** `config.ts`, `client-config.ts`, or anything in a folder `config/`. */
const isConfig = (file: string) => /(^|[/-])config(\.ts$|\/)/.test(file);

/** @param file path from the root, `/`-separated. */
export function sourceViolations(file: string, text: string): Violation[] {
  const lines = text.split('\n');
  const violations: Violation[] = [];
  if (lines.length > LINES_PER_FILE + 1) {
    violations.push({
      file,
      line: LINES_PER_FILE,
      message: `has more than ${LINES_PER_FILE} lines: it holds two ideas`,
    });
  }
  if (isConfig(file)) return violations;
  for (const [index, line] of lines.entries()) {
    if (!/process\.env\b|from '(node:)?process'/.test(line) || /^\s*(\/\/|\*|\/\*)/.test(line)) continue;
    violations.push({ file, line: index + 1, message: 'reads the environment outside a config file' });
  }
  return violations;
}

export async function checkSourceRules(rootDir: string): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const path of await filesBelow(
    FOLDERS.map((folder) => join(rootDir, folder)),
    SOURCE,
  )) {
    violations.push(...sourceViolations(relative(rootDir, path).split(sep).join('/'), await readFile(path, 'utf8')));
  }
  return violations;
}
