import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { startTicks } from '../../src/browser/process-tree.ts';

it('names a process that runs', () => {
  expect(startTicks(process.pid)).toMatch(/^\d+$/);
});

it('takes a process that has ended for gone before its parent asks', async () => {
  const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 30'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [pid] = await once(createInterface({ input: parent.stdout }), 'line');
    await expect.poll(() => startTicks(Number(pid))).toBeNull();
    // Signal 0 still finds it: it is a zombie.
    expect(process.kill(Number(pid), 0)).toBe(true);
  } finally {
    parent.kill();
  }
});
