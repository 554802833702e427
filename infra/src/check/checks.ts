import { execFile } from 'node:child_process';
import { dirname, join, relative } from 'node:path';
import { filesBelow } from './files-below.ts';
import { checkImports } from './import-rules.ts';
import { missingOptional, readLockfile } from './lockfile.ts';
import { checkSourceRules } from './source-rules.ts';

interface CheckResult {
  readonly ok: boolean;
  /** What the tool said; shown when it failed. */
  readonly output: string;
}

export interface Check {
  readonly name: string;
  run(): Promise<CheckResult>;
}

/** Every check of the repository at `rootDir`. */
export async function allChecks(rootDir: string): Promise<Check[]> {
  const tool = (name: string, ...args: string[]) => runTool(rootDir, name, args);
  return [
    ...(await typeProjects(rootDir)).map((project) => ({
      name: `types of ${project}`,
      run: () => tool('tsc', '-p', project, '--pretty', 'false'),
    })),
    {
      name: 'lint, formatting, import cycles',
      run: () => tool('biome', 'ci', '--colors=off', '--max-diagnostics=50', '.'),
    },
    { name: 'unused files, exports and packages', run: () => tool('knip', '--no-progress') },
    { name: 'lockfile', run: () => checkLockfile(rootDir) },
    { name: 'import rules', run: async () => report(await checkImports(rootDir)) },
    { name: 'source rules', run: async () => report(await checkSourceRules(rootDir)) },
  ];
}

const WORKSPACES = ['shared', 'server', 'worker', 'viewer', 'infra'];

/** Every folder of a workspace that has a tsconfig.json: code for Node, for pages and for tests knows different things. */
async function typeProjects(rootDir: string): Promise<string[]> {
  const found = await filesBelow(
    WORKSPACES.map((name) => join(rootDir, name)),
    /^tsconfig\.json$/,
  );
  return found.map((path) => relative(rootDir, dirname(path)));
}

function report(violations: readonly { file: string; line: number; message: string }[]): CheckResult {
  const output = violations.map(({ file, line, message }) => `${file}:${line} ${message}`).join('\n');
  return { ok: violations.length === 0, output };
}

/** A fresh clone must be able to install. */
async function checkLockfile(rootDir: string): Promise<CheckResult> {
  const missing = missingOptional(await readLockfile(rootDir)).map(({ name }) => name);
  return { ok: missing.length === 0, output: `It does not name ${missing.join(', ')}. Run: npm run complete-lockfile` };
}

/** Runs a tool of `node_modules/.bin`, its output kept. */
function runTool(rootDir: string, name: string, args: readonly string[]): Promise<CheckResult> {
  const file = join(rootDir, 'node_modules', '.bin', name);
  return new Promise((resolve) => {
    execFile(file, args, { cwd: rootDir, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve({ ok: error === null, output: `${stdout}${stderr}`.trim() });
    });
  });
}
