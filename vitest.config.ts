import { defineConfig } from 'vitest/config';

interface Kind {
  readonly name: string;
  readonly include: string[];
  readonly exclude?: string[];
  readonly maxWorkers: number;
  readonly isolate?: boolean;
  readonly globalSetup?: string[];
}

/** Two cores: unit tests a few files at a time; whatever starts a browser or is heavy, one or two, after them. */
const project = ({ name, exclude = [], ...kind }: Kind, groupOrder: number) => ({
  extends: true as const,
  test: { ...kind, name, exclude: ['**/node_modules/**', ...exclude], sequence: { groupOrder } },
});

const BROWSER = ['**/test/**/*.browser.test.{ts,tsx}'];
const FULL = ['**/test/**/*.full.test.{ts,tsx}'];

export default defineConfig({
  test: {
    // No test may fail because the machine is slow: these only end what hangs.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
    // A browser may hang, a machine stall: what a second try mended is named at the end of the run.
    retry: 1,
    tags: [{ name: 'heavy', description: 'Only `npm run test:full` has the time for it.' }],
    projects: [
      {
        name: 'fast',
        include: ['**/test/**/*.test.{ts,tsx}'],
        exclude: [...BROWSER, ...FULL],
        maxWorkers: 3,
        // Files that follow one another in a process share its modules: loading them anew takes longer than most tests.
        isolate: false,
        globalSetup: ['server/test/on-postgres.ts'],
      },
      // A page draws with one core.
      { name: 'browser', include: BROWSER, maxWorkers: 2 },
      { name: 'full', include: FULL, maxWorkers: 1 },
    ].map(project),
  },
});
