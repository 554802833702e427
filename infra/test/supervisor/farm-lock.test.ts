import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FarmRunningError, readFarmLock, takeFarmLock } from '../../src/supervisor/farm-lock.ts';
import { recordOf } from '../../src/supervisor/process-identity.ts';

let folder: string;
const lock = () => join(folder, 'farm.lock');
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('is held by one, who says its address, until it is given back', () => {
  const release = takeFarmLock(lock(), 'http://127.0.0.1:1');
  expect(() => takeFarmLock(lock(), 'http://127.0.0.1:2')).toThrow(FarmRunningError);
  expect(() => takeFarmLock(lock(), 'http://127.0.0.1:2')).toThrow('http://127.0.0.1:1');
  expect(readFarmLock(lock())).toMatchObject({ pid: process.pid, url: 'http://127.0.0.1:1' });
  release();
  expect(readFarmLock(lock())).toBeNull();
  takeFarmLock(lock(), 'http://127.0.0.1:2')();
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  ['a process that is gone', { pid: 4_194_304, identity: 'x:1', url: 'http://a' }],
  ['a number that another process has now', { ...recordOf(process.pid), identity: 'earlier:1', url: 'http://a' }],
  ['no process at all', { nonsense: true }],
])('is taken over from %s', (_, holder) => {
  writeFileSync(lock(), JSON.stringify(holder));
  expect(readFarmLock(lock())).toBeNull();
  const release = takeFarmLock(lock(), 'http://127.0.0.1:3');
  expect(readFarmLock(lock())).toMatchObject({ url: 'http://127.0.0.1:3' });
  release();
  expect(readdirSync(folder)).toEqual([]);
});
