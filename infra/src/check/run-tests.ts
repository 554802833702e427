import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { matches } from '@kiln/shared';
import Type, { type Static } from 'typebox';
import { type TestStore, vitestEnvironment } from '../config.ts';
import type { Tally } from './run-checks.ts';

/** The part of vitest's JSON report that is read. */
const Report = Type.Object({
  numPassedTests: Type.Integer(),
  numFailedTests: Type.Integer(),
  testResults: Type.Array(
    Type.Object({
      /** Path of the file. */
      name: Type.String(),
      status: Type.String(),
      assertionResults: Type.Array(Type.Object({ status: Type.String() })),
    }),
  ),
});
type TestFiles = Static<typeof Report>['testResults'];

/**
 * Runs vitest with its output on this terminal, says which tests were skipped, and counts tests. A file that cannot be
 * loaded counts as one failed.
 */
export async function runTests(rootDir: string, projects: readonly string[], store: TestStore): Promise<Tally> {
  const folder = await mkdtemp(join(tmpdir(), 'kiln-tests-'));
  try {
    const file = join(folder, 'report.json');
    const args = [
      ...projects.flatMap((project) => ['--project', project]),
      '--reporter=default',
      `--reporter=${join(rootDir, 'infra', 'src', 'check', 'second-tries.ts')}`,
      '--reporter=json',
      `--outputFile.json=${file}`,
    ];
    const exitCode = await runVitest(rootDir, args, vitestEnvironment(store));
    const report: unknown = JSON.parse(await readFile(file, 'utf8').catch(() => 'null'));
    if (!matches(Report, report)) return { passed: 0, failed: 1 };
    const unloaded = report.testResults.filter(
      ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
    );
    for (const line of skippedTests(report.testResults, rootDir)) console.log(line);
    const failed = report.numFailedTests + unloaded.length;
    // An error outside any test fails the run, too.
    return { passed: report.numPassedTests, failed: failed === 0 && exitCode !== 0 ? 1 : failed };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** How many tests were skipped, then those of each file, a line each; none when none were. */
export function skippedTests(files: TestFiles, rootDir: string): string[] {
  const lines: string[] = [];
  let total = 0;
  for (const { name, assertionResults } of files) {
    const count = assertionResults.filter(({ status }) => status !== 'passed' && status !== 'failed').length;
    total += count;
    if (count > 0) lines.push(`  ${relative(rootDir, name)}: ${count} of ${assertionResults.length}`);
  }
  return total === 0 ? [] : [`\n${total} skipped:`, ...lines.sort()];
}

function runVitest(rootDir: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const vitest = join(rootDir, 'node_modules', 'vitest', 'vitest.mjs');
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [vitest, 'run', ...args], {
      cwd: rootDir,
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.on('error', () => resolve(1));
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
