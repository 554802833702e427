import type { Check } from './checks.ts';

export interface Tally {
  readonly passed: number;
  readonly failed: number;
}

/**
 * Runs the checks side by side, prints a line for each as it ends, then what the failed ones said.
 *
 * @param print takes whole lines.
 */
export async function runChecks(checks: readonly Check[], print: (line: string) => void): Promise<Tally> {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const failures: string[] = [];
  await Promise.all(
    checks.map(async ({ name, run }) => {
      const startedMs = performance.now();
      const { ok, output } = await run();
      const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
      print(`${ok ? '✓' : '✗'} ${name.padEnd(width)}  ${seconds} s`);
      if (!ok) failures.push(`\n── ${name} ──\n${output}`);
    }),
  );
  for (const failure of failures) print(failure);
  return { passed: checks.length - failures.length, failed: failures.length };
}
