import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { examineDisk, examineObjects, examineOfferings } from '../../src/doctor/examine.ts';

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

test('where objects are is said: a folder, or a bucket that does not answer, with the variable to mend', async () => {
  expect(await examineObjects({ home, environment: {} })).toEqual({
    name: 'Objects',
    state: 'ok',
    detail: `a folder, ${join(home, 'objects')}`,
  });
  const environment = { KILN_S3_BUCKET: 'renders', KILN_S3_ENDPOINT: 'http://127.0.0.1:1' };
  const keys = { KILN_S3_ACCESS_KEY_ID: 'id', KILN_S3_SECRET_ACCESS_KEY: 'the-secret' };
  const away = await examineObjects({ home, environment: { ...environment, ...keys } });
  expect(away).toMatchObject({ state: 'bad', detail: expect.stringContaining('http://127.0.0.1:1 does not answer') });
  expect(JSON.stringify(away)).not.toContain('the-secret');
  const half = await examineObjects({ home, environment: { ...environment, KILN_S3_ACCESS_KEY_ID: 'id' } });
  expect(half.detail).toContain('KILN_S3_SECRET_ACCESS_KEY must be set together');
});

test('what jobs could require of a worker here is said, and what nobody has told', () => {
  const untold = examineOfferings({ environment: {} }, null);
  expect(untold).toMatchObject({ name: 'Worker', state: 'note' });
  expect(untold.detail).toMatch(
    /^\d+ cores?, [\d.]+ [MG]iB; GPU memory not told \(KILN_WORKER_GPU_MEMORY\); no tags \(KILN_WORKER_TAGS\)$/,
  );
  const told = { KILN_WORKER_GPU_MEMORY: '24G', KILN_WORKER_TAGS: 'fast,rack=3' };
  expect(examineOfferings({ environment: told }, null).detail).toMatch(/, GPU 24 GiB; tags fast, rack=3$/);
  const wrong = examineOfferings({ environment: { KILN_WORKER_GPU_MEMORY: 'much' } }, null);
  expect(wrong).toMatchObject({ state: 'bad', detail: expect.stringContaining('KILN_WORKER_GPU_MEMORY takes') });
});
