import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { REPOSITORY } from '../../src/repository.ts';
import { which } from '../../src/setup/which.ts';
import { isRunning, recordOf } from '../../src/supervisor/process-identity.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-start-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A PATH with an `apt-get` that does not end, and without Redis. */
function searchPath(): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const name of ['env', 'sleep', 'sh']) symlinkSync(which(name, process.env.PATH ?? '') ?? '', join(bin, name));
  const apt = join(bin, 'apt-get');
  writeFileSync(apt, `#!/bin/sh\necho $$ > ${folder}/apt.pid\necho "$@" > ${folder}/apt.words\nexec sleep 1000\n`);
  chmodSync(apt, 0o755);
  return bin;
}

// Only root installs packages; where Redis lies outside of PATH, nothing would be.
const canTry = process.getuid?.() === 0 && which('redis-server', '') === null;

test.runIf(canTry)('Ctrl-C during set-up ends the command that runs, which was printed as it is', async () => {
  const child = spawn(process.execPath, [join(REPOSITORY, 'infra', 'bin', 'start.mjs')], {
    env: { PATH: searchPath(), HOME: folder, KILN_HOME: join(folder, 'home'), KILN_PORT: '0', KILN_WORKERS: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (output += bytes));
  let isOver = false;
  const ended = new Promise((resolve) => child.once('close', resolve)).finally(() => {
    isOver = true;
  });
  const words = () => {
    try {
      return readFileSync(join(folder, 'apt.words'), 'utf8');
    } catch {
      return '';
    }
  };
  while (!isOver && !(words().endsWith('\n') && output.includes('\n'))) await sleep(20);
  expect(output).toContain(`  $ env DEBIAN_FRONTEND=noninteractive apt-get ${words()}`);
  const apt = recordOf(Number(readFileSync(join(folder, 'apt.pid'), 'utf8')));
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  expect(output).toMatch(/\nStopped\n$/);
  while (isRunning(apt)) await sleep(20);
});

test('a variable that cannot be read is one line', async () => {
  const child = spawn(process.execPath, [join(REPOSITORY, 'infra', 'bin', 'start.mjs')], {
    env: { PATH: process.env.PATH ?? '', HOME: folder, KILN_HOME: join(folder, 'home'), KILN_PORT: 'abc' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (bytes) => (errors += bytes));
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(errors.trim()).toMatch(/^error request\.invalid: KILN_PORT .*abc.*$/);
  expect(code).toBe(2);
});
