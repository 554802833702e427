/** @module-tag heavy */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startTrialFarm } from '../../src/trial/trial-farm.ts';
import { kiln } from './support/kiln.ts';
import { boxScene } from './support/scenes.ts';

test('a farm whose disk has less free than its reserve says so at the start, and with each upload', async () => {
  const farm = await startTrialFarm({ env: { KILN_WORKERS: '0', KILN_DISK_RESERVE_BYTES: String(2 ** 50) } });
  try {
    expect(farm.output()).toMatch(/^ {2}disk {6}\d+ MiB are free, and KILN_DISK_RESERVE_BYTES keeps 1073741824 MiB/m);
    const file = join(farm.home, 'box.glb');
    await writeFile(file, boxScene([1, 0, 0]));
    const { code, stderr } = await kiln(farm, 'scene', 'add', file);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/storage\.full: .*\d+ bytes are free, KILN_DISK_RESERVE_BYTES keeps 1125899906842624/);
  } finally {
    await farm.remove();
  }
});
