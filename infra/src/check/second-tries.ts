import type { Reporter, TestCase, TestModule } from 'vitest/node';

/**
 * Vitest reporter: names the tests that passed only when they were tried again, with why they failed first. Every
 * test has a second try, because a browser may hang and a machine may stall; whoever reads the run must see that it did.
 */
export default class SecondTries implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    for (const line of secondTries(modules.flatMap((module) => [...module.children.allTests()]))) console.log(line);
  }
}

/** How many there were, then each with its first error; none when every test passed, or failed, at once. */
export function secondTries(tests: readonly Pick<TestCase, 'fullName' | 'diagnostic' | 'result'>[]): string[] {
  const flaky = tests.filter((test) => test.diagnostic()?.flaky);
  if (flaky.length === 0) return [];
  const told = flaky.map((test) => {
    const [error] = test.result().errors ?? [];
    return `  ${test.fullName}\n    ${(error?.message ?? 'no error was kept').replaceAll('\n', '\n    ')}`;
  });
  return [`\n${flaky.length} passed at the second try:`, ...told];
}
