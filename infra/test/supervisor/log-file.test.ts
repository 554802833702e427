import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BackOff } from '../../src/supervisor/back-off.ts';
import { LogFile } from '../../src/supervisor/log-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const unexpected = (why: string) => {
  throw new Error(why);
};

test('a full log is set aside, and only one older is kept', () => {
  const path = join(folder, 'logs', 'server.log');
  const log = new LogFile(path, unexpected, 10);
  for (const text of ['1234\n', '5678\n', 'abcd\n', 'efgh\n', 'last\n']) log.write(Buffer.from(text));
  log.close();
  expect(readFileSync(path, 'utf8')).toBe('last\n');
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('abcd\nefgh\n');

  const again = new LogFile(path, unexpected, 10);
  again.write(Buffer.from('more\n'));
  again.close();
  expect(readFileSync(path, 'utf8')).toBe('last\nmore\n');
});

test.runIf(existsSync('/dev/full'))('lines that a full disk does not take are dropped, which is told once', () => {
  const told: string[] = [];
  const log = new LogFile('/dev/full', (why) => told.push(why));
  for (const text of ['one\n', 'two\n']) log.write(Buffer.from(text));
  log.close();
  expect(told).toEqual([expect.stringContaining('ENOSPC')]);
});

test('a log that cannot be set aside is written on', () => {
  const path = join(folder, 'server.log');
  const told: string[] = [];
  const log = new LogFile(path, (why) => told.push(why), 5);
  log.write(Buffer.from('1234\n'));
  rmSync(path);
  log.write(Buffer.from('lost\n'));
  writeFileSync(path, '');
  log.write(Buffer.from('last\n'));
  log.close();
  expect(told).toEqual([expect.stringContaining('ENOENT')]);
  expect(readFileSync(path, 'utf8')).toBe('last\n');
});

test('the wait before a restart doubles to 15 s, and starts over after a minute of health', () => {
  const backOff = new BackOff();
  const waits = Array.from({ length: 9 }, () => backOff.next(10));
  expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
  expect(backOff.next(60_000)).toBe(250);
});
