import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { temporaryFolder } from './store-fixture.ts';

const run = promisify(execFile);

export interface SmallDisk {
  readonly path: string;
  remove(): Promise<void>;
}

/** A disk in memory of a size such as `1m`, or why there is none. */
export async function smallDisk(size: string): Promise<SmallDisk | string> {
  if (process.getuid?.() !== 0) return 'only root may mount a small disk';
  const folder = await temporaryFolder();
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder.path]);
  } catch {
    await folder.remove();
    return 'this machine allows no mount';
  }
  return {
    path: folder.path,
    async remove() {
      await run('umount', [folder.path]);
      await folder.remove();
    },
  };
}
