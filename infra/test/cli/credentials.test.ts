import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findConnection } from '../../src/cli/client-config.ts';
import { findCredentials } from '../../src/credentials.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kiln-home-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function farmIn(folder: string, url: string): void {
  mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(
    join(root, folder, 'credentials.json'),
    JSON.stringify({ url, apiKey: `key of ${url}`, workerToken: 'w' }),
  );
}

test('KILN_HOME decides alone when it is set', () => {
  farmIn('.kiln', 'http://near');
  farmIn('elsewhere', 'http://elsewhere');
  expect(findCredentials(root, { KILN_HOME: join(root, 'elsewhere') })?.url).toBe('http://elsewhere');
  expect(findCredentials(root, { KILN_HOME: join(root, 'nowhere') })).toBeNull();
});

test('without it the nearest .kiln upwards is taken', () => {
  farmIn('.kiln', 'http://outer');
  farmIn('a/b/.kiln', 'http://inner');
  mkdirSync(join(root, 'a/b/c'));
  expect(findCredentials(join(root, 'a/b/c'), {})?.url).toBe('http://inner');
  expect(findCredentials(join(root, 'a'), {})?.url).toBe('http://outer');
});

test.runIf(process.getuid?.() === 0)('credentials of another user are passed over', () => {
  farmIn('.kiln', 'http://mine');
  farmIn('shared/.kiln', 'http://stranger');
  chownSync(join(root, 'shared/.kiln/credentials.json'), 65_534, 65_534);
  expect(findCredentials(join(root, 'shared'), {})?.url).toBe('http://mine');
});

test('a damaged file is said, not passed over', () => {
  mkdirSync(join(root, '.kiln'));
  writeFileSync(join(root, '.kiln', 'credentials.json'), '{');
  expect(() => findCredentials(root, {})).toThrow(/credentials\.json/);
});

test('options come before the environment, the environment before what is found', () => {
  farmIn('.kiln', 'http://found');
  const env = { KILN_HOME: join(root, '.kiln') };
  expect(findConnection({}, root, env)).toEqual({
    url: 'http://found',
    apiKey: 'key of http://found',
    keySource: join(root, '.kiln', 'credentials.json'),
  });
  const both = { ...env, KILN_URL: 'http://env/', KILN_API_KEY: 'env' };
  expect(findConnection({}, root, both)).toEqual({ url: 'http://env', apiKey: 'env', keySource: 'KILN_API_KEY' });
  expect(findConnection({ url: 'https://option', apiKey: 'option' }, root, both)).toEqual({
    url: 'https://option',
    apiKey: 'option',
    keySource: '--api-key',
  });
});

test('the key of this machine’s farm is not sent to another address', () => {
  farmIn('.kiln', 'http://found');
  const env = { KILN_HOME: join(root, '.kiln') };
  expect(() => findConnection({ url: 'http://stranger' }, root, env)).toThrow(
    /No API key is known for http:\/\/stranger/,
  );
});
