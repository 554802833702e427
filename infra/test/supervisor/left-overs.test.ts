import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PidFiles } from '../../src/supervisor/left-overs.ts';
import { isRunning, recordOf } from '../../src/supervisor/process-identity.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-run-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a noted process is ended with all that it started', async () => {
  const child = spawn('sh', ['-c', 'sleep 60 & echo $!; wait'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const grandchild = await new Promise<number>((resolve) => child.stdout.once('data', (text) => resolve(Number(text))));
  const records = [recordOf(child.pid ?? 0), recordOf(grandchild)];
  new PidFiles(folder).write('worker-1', child.pid ?? 0);

  expect(await new PidFiles(folder).endLeftOvers()).toEqual(['worker-1']);
  await expect.poll(() => records.filter(isRunning)).toEqual([]);
  expect(readdirSync(folder)).toEqual([]);
});

test('another program that got the number since is left alone', async () => {
  const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
  const record = recordOf(child.pid ?? 0);
  writeFileSync(join(folder, 'server.json'), JSON.stringify({ ...record, identity: 'an earlier one' }));
  expect(await new PidFiles(folder).endLeftOvers()).toEqual([]);
  expect(isRunning(record)).toBe(true);
  child.kill('SIGKILL');
});
