import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { REPOSITORY } from '../../src/repository.ts';

/** A checkout whose packages are out of date, with an `npm` that only notes that it ran. */
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kiln-checkout-'));
  put('package-lock.json', JSON.stringify({ packages: { 'node_modules/one': { version: '2.0.0' } } }));
  put('node_modules/.package-lock.json', JSON.stringify({ packages: { 'node_modules/one': { version: '1.0.0' } } }));
  put('program.mjs', 'console.log("ran");');
  put('infra/bin/bundle.mjs', "export const bundled = () => new URL('../../program.mjs', import.meta.url).href;");
  put('infra/bin/kiln.mjs', "import { bootstrap } from './bootstrap.mjs';\nawait bootstrap('kiln');");
  copyFileSync(join(REPOSITORY, 'infra/bin/bootstrap.mjs'), join(root, 'infra/bin/bootstrap.mjs'));
  put('bin/npm', `#!/bin/sh\necho installed > "${root}/installed"\n`);
  chmodSync(join(root, 'bin/npm'), 0o755);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const run = () =>
  new Promise<{ stdout: string; stderr: string; installed: boolean }>((resolve) => {
    const env = { PATH: `${join(root, 'bin')}:${process.env.PATH}` };
    execFile(process.execPath, [join(root, 'infra/bin/kiln.mjs')], { cwd: root, env }, (_, stdout, stderr) =>
      resolve({ stdout, stderr, installed: existsSync(join(root, 'installed')) }),
    );
  });

test('a command installs packages that are out of date, and its standard output has only its own words', async () => {
  const { stdout, stderr, installed } = await run();
  expect({ stdout, installed }).toEqual({ stdout: 'ran\n', installed: true });
  expect(stderr).toContain('Installing packages');
});

test('nothing is installed under a running farm', async () => {
  put('.kiln/farm.lock', JSON.stringify({ pid: process.pid, identity: 'x', url: 'http://127.0.0.1:7700' }));
  const { stdout, stderr, installed } = await run();
  expect({ stdout, installed }).toEqual({ stdout: 'ran\n', installed: false });
  expect(stderr).toMatch(/out of date.*http:\/\/127\.0\.0\.1:7700/);
});
