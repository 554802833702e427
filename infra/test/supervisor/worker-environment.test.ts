import { expect, test } from 'vitest';
import { workerEnvironment } from '../../src/supervisor/worker-environment.ts';

test.each([
  'KILN_REDIS_URL',
  'KILN_DATABASE_URL',
  'KILN_S3_SECRET_KEY',
  'KILN_TLS_KEY',
  'KILN_API_KEY',
  'PGPASSWORD',
  'AWS_SECRET_ACCESS_KEY',
])('a worker does not get %s', (name) => {
  expect(workerEnvironment({ [name]: 'secret' })).toEqual({});
});

test('a worker gets what it needs to reach the farm, the network and the GPU', () => {
  const names = ['PATH', 'HOME', 'LANG', 'HTTPS_PROXY', 'LIBGL_ALWAYS_SOFTWARE', 'VK_ICD_FILENAMES', 'NODE_OPTIONS'];
  const needed = [...names, 'KILN_HOME', 'KILN_URL', 'KILN_SLOTS', 'KILN_BROWSER', 'KILN_WORKER_TOKEN'];
  const environment = Object.fromEntries(needed.map((name) => [name, 'value']));
  expect(workerEnvironment(environment)).toEqual(environment);
});
