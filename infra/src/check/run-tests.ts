import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { matches } from '@kiln/shared';
import Type from 'typebox';
import type { Tally } from './run-checks.ts';

/** The part of vitest's JSON report that is read. */
const Report = Type.Object({
  numPassedTests: Type.Integer(),
  numFailedTests: Type.Integer(),
  testResults: Type.Array(Type.Object({ status: Type.String(), assertionResults: Type.Array(Type.Unknown()) })),
});

/** Runs vitest with its output on this terminal, and counts tests. A file that cannot be loaded counts as one failed. */
export async function runTests(rootDir: string, projects: readonly string[]): Promise<Tally> {
  const folder = await mkdtemp(join(tmpdir(), 'kiln-tests-'));
  try {
    const file = join(folder, 'report.json');
    const exitCode = await runVitest(rootDir, [
      ...projects.flatMap((project) => ['--project', project]),
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ]);
    const report: unknown = JSON.parse(await readFile(file, 'utf8').catch(() => 'null'));
    if (!matches(Report, report)) return { passed: 0, failed: 1 };
    const unloaded = report.testResults.filter(
      ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
    );
    const failed = report.numFailedTests + unloaded.length;
    // An error outside any test fails the run, too.
    return { passed: report.numPassedTests, failed: failed === 0 && exitCode !== 0 ? 1 : failed };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function runVitest(rootDir: string, args: readonly string[]): Promise<number> {
  const vitest = join(rootDir, 'node_modules', 'vitest', 'vitest.mjs');
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [vitest, 'run', ...args], {
      cwd: rootDir,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.on('error', () => resolve(1));
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
