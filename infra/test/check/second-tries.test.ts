import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startVitest } from 'vitest/node';
import { secondTries } from '../../src/check/second-tries.ts';

test('a test that passed at its second try is named with its first error, and no other', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kiln-tries-'));
  try {
    await writeFile(
      join(folder, 'a.test.js'),
      `let tries = 0;
       test('steady', () => {});
       test('hangs once', () => { tries += 1; if (tries === 1) throw new Error('it hung'); });
       test('hangs for ever', () => { throw new Error('it always hangs'); });`,
    );
    const vitest = await startVitest('test', [], {
      root: folder,
      config: false,
      watch: false,
      globals: true,
      retry: 1,
      reporters: [{}],
    });
    const tests = vitest.state.getTestModules().flatMap((module) => [...module.children.allTests()]);
    await vitest.close();
    expect(secondTries(tests)).toEqual(['\n1 passed at the second try:', '  hangs once\n    it hung']);
    expect(secondTries(tests.filter(({ name }) => name === 'steady'))).toEqual([]);
  } finally {
    process.exitCode = undefined;
    await rm(folder, { recursive: true, force: true });
  }
});
