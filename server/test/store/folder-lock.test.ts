import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FolderLockedError, lockFolder } from '../../src/store/folder-lock.ts';
import { temporaryFolder } from '../store-fixture.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

/** A process that locks the folder, says so, and then does nothing. */
async function holder(path: string) {
  const lockModule = new URL('../../src/store/folder-lock.ts', import.meta.url).href;
  const code = `const { lockFolder } = await import(${JSON.stringify(lockModule)});
    await lockFolder(${JSON.stringify(path)}); console.log('locked'); setInterval(() => {}, 1e6);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: new URL('../../', import.meta.url),
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child;
}

test('one holder at a time, in this process too, and the next after release', async () => {
  const path = join(folder.path, 'held');
  const lock = await lockFolder(path);
  await expect(lockFolder(path)).rejects.toThrow(FolderLockedError);
  await lock.release();
  await (await lockFolder(path)).release();
});

test('names the process that holds it, and takes over from one that was killed', async () => {
  const path = join(folder.path, 'held');
  const child = await holder(path);
  await expect(lockFolder(path)).rejects.toThrow(`(process ${child.pid})`);
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
  const lock = await lockFolder(path);
  await lock.release();
});

test('of many that try at once one gets it', async () => {
  const path = join(folder.path, 'held');
  const tries = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(path)));
  const got = tries.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  expect(got).toHaveLength(1);
  await got[0]?.release();
});
