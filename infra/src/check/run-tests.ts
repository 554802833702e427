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
      assertionResults: Type.Array(Type.Object({ status: Type.String(), tags: Type.Array(Type.String()) })),
    }),
  ),
});
type TestFiles = Static<typeof Report>['testResults'];

/** Of `vitest.config.ts`: tests that only the whole run has time for. */
const HEAVY = 'heavy';

interface TestRun {
  readonly projects: readonly string[];
  readonly store: TestStore;
  readonly withHeavy: boolean;
}

/**
 * Runs vitest with its output on this terminal, says which tests were skipped, and counts tests. A file that cannot be
 * loaded counts as one failed.
 */
export async function runTests(rootDir: string, { projects, store, withHeavy }: TestRun): Promise<Tally> {
  const folder = await mkdtemp(join(tmpdir(), 'kiln-tests-'));
  try {
    const file = join(folder, 'report.json');
    const args = [
      ...projects.flatMap((project) => ['--project', project]),
      ...(withHeavy ? [] : [`--tags-filter=!${HEAVY}`]),
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
    const leftOut = withHeavy ? [] : [HEAVY];
    for (const line of skippedTests(report.testResults, rootDir, leftOut)) console.log(line);
    const failed = report.numFailedTests + unloaded.length;
    // An error outside any test fails the run, too.
    return { passed: report.numPassedTests, failed: failed === 0 && exitCode !== 0 ? 1 : failed };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * How many tests were skipped, then those of each file, a line each; none when none were.
 *
 * @param leftOut tags of tests that were not to run: only their number is told.
 */
export function skippedTests(files: TestFiles, rootDir: string, leftOut: readonly string[]): string[] {
  const lines: string[] = [];
  let total = 0;
  let left = 0;
  for (const { name, assertionResults } of files) {
    const skipped = assertionResults.filter(({ status }) => status !== 'passed' && status !== 'failed');
    const unexpected = skipped.filter(({ tags }) => !tags.some((tag) => leftOut.includes(tag)));
    left += skipped.length - unexpected.length;
    total += unexpected.length;
    if (unexpected.length > 0)
      lines.push(`  ${relative(rootDir, name)}: ${unexpected.length} of ${assertionResults.length}`);
  }
  return [
    ...(left === 0 ? [] : [`\n${left} ${leftOut.join()} tests are left to npm run test:full`]),
    ...(total === 0 ? [] : [`\n${total} skipped:`, ...lines.sort()]),
  ];
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
