import { expect, test } from 'vitest';
import { missingOptional, readLockfile } from '../../src/check/lockfile.ts';
import { REPOSITORY } from '../../src/repository.ts';

test('an optional package without an entry is found, at whatever depth it is looked for', () => {
  const optionalDependencies = { 'x-linux-x64': '1.0.0', 'x-darwin-x64': '1.0.0' };
  const packages = {
    '': {},
    'node_modules/x': { dev: true, optionalDependencies },
    'node_modules/x-linux-x64': { version: '1.0.0' },
    'node_modules/y/node_modules/x': { optionalDependencies },
    'node_modules/y/node_modules/x-darwin-x64': { version: '1.0.0' },
  };
  expect(missingOptional({ packages })).toEqual([{ name: 'x-darwin-x64', version: '1.0.0', dev: true }]);
});

test('the lockfile of the repository names the packages of every platform', async () => {
  expect(missingOptional(await readLockfile(REPOSITORY))).toEqual([]);
});
