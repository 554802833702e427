import { expect, test } from 'vitest';
import { skippedTests } from '../../src/check/run-tests.ts';

const file = (name: string, ...statuses: string[]) => ({
  name,
  status: 'passed',
  assertionResults: statuses.map((text) => {
    const [status = '', ...tags] = text.split(' ');
    return { status, tags };
  }),
});

test('skipped tests are counted, with the files that they are in', () => {
  const files = [
    file('/root/worker/b.test.ts', 'skipped', 'passed', 'pending'),
    file('/root/infra/a.test.ts', 'todo'),
    file('/root/infra/c.test.ts', 'passed', 'failed'),
  ];
  expect(skippedTests(files, '/root', [])).toEqual([
    '\n3 skipped:',
    '  infra/a.test.ts: 1 of 1',
    '  worker/b.test.ts: 2 of 3',
  ]);
  expect(skippedTests([file('/root/a.test.ts', 'passed')], '/root', [])).toEqual([]);
});

test('of tests that were not to run their number is told', () => {
  const files = [file('/root/a.test.ts', 'skipped heavy', 'passed heavy'), file('/root/b.test.ts', 'skipped heavy')];
  expect(skippedTests(files, '/root', ['heavy'])).toEqual(['\n2 heavy tests are left to npm run test:full']);
  expect(skippedTests(files, '/root', [])).toHaveLength(3);
});
