import { expect, test } from 'vitest';
import { sourceViolations } from '../../src/check/source-rules.ts';

test('the environment is read in config files only', () => {
  const text = '// process.env is not read here\nconst port = process.env.KILN_PORT;\n';
  expect(sourceViolations('server/src/app.ts', text)).toEqual([
    { file: 'server/src/app.ts', line: 2, message: expect.stringContaining('environment') },
  ]);
  for (const file of ['server/src/config.ts', 'server/src/config/read.ts', 'infra/src/cli/client-config.ts']) {
    expect(sourceViolations(file, text)).toEqual([]);
  }
});

test('a file of 400 lines is the longest', () => {
  expect(sourceViolations('server/src/app.ts', 'x\n'.repeat(400))).toEqual([]);
  expect(sourceViolations('server/src/app.ts', 'x\n'.repeat(401))).toHaveLength(1);
});
