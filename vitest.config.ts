import { defineConfig } from 'vitest/config';

/** Two cores: unit tests two files at a time; whatever starts a browser or is heavy, one file at a time, after them. */
const project = (
  name: string,
  groupOrder: number,
  maxWorkers: number,
  include: string[],
  exclude: string[],
  retry = 0,
  globalSetup: string[] = [],
) => ({
  extends: true as const,
  test: {
    name,
    retry,
    globalSetup,
    include,
    exclude: ['**/node_modules/**', ...exclude],
    // Files that follow one another in a process share its modules: loading them anew takes longer than most tests.
    isolate: false,
    maxWorkers,
    sequence: { groupOrder },
  },
});

const BROWSER = ['**/test/**/*.browser.test.{ts,tsx}'];
const FULL = ['**/test/**/*.full.test.{ts,tsx}'];

export default defineConfig({
  test: {
    // No test may fail because the machine is slow: these only end what hangs.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
    projects: [
      project('fast', 0, 3, ['**/test/**/*.test.{ts,tsx}'], [...BROWSER, ...FULL], 0, ['server/test/on-postgres.ts']),
      // A page draws with one core. A browser may hang; what a second try mended is named at the end of the run.
      project('browser', 1, 2, BROWSER, [], 1),
      project('full', 2, 1, FULL, [], 1),
    ],
  },
});
