import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { examineDisk } from '../../src/doctor/examine.ts';

/** A folder that is made only when the farm starts. */
const home = join(tmpdir(), 'kiln-not-there', 'home');

test('a disk with less free than the reserve cannot render', async () => {
  const finding = await examineDisk({ home, diskReserveBytes: 2 ** 50 });
  expect(finding).toMatchObject({ name: 'Disk', state: 'bad' });
  expect(finding.detail).toMatch(/^\d+ MiB are free, and KILN_DISK_RESERVE_BYTES keeps 1073741824 MiB: nothing can/);
});

test('a disk with more free than the reserve can', async () => {
  const finding = await examineDisk({ home, diskReserveBytes: 0 });
  expect(finding.state).not.toBe('bad');
  expect(finding.detail).toMatch(/^[\d.]+ GB free for /);
});
