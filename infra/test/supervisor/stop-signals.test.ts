import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { INFRA_LIMITS } from '../../src/limits.ts';
import { REPOSITORY } from '../../src/repository.ts';

test('a process whose supervisor died while it started ends', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'stand-ins', 'orphan.ts')], {
    cwd: REPOSITORY,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  let output = '';
  child.stdout?.on('data', (bytes) => (output += bytes));
  child.once('message', () => child.disconnect());
  // After `disconnect` there is no `close`.
  const read = new Promise((resolve) => child.stdout?.once('close', resolve));
  expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
  await read;
  expect(output).toBe('stopped\n');
});

test('what each part may take to end leaves half a second of what people wait for', () => {
  const { drainMs, workerDrainMs, serverDrainMs, redisDrainMs } = INFRA_LIMITS;
  expect(workerDrainMs + serverDrainMs + redisDrainMs).toBeLessThanOrEqual(drainMs - 500);
});
