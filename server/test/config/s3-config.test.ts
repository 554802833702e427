import { expect, test } from 'vitest';
import { explainConfig, readServerConfig } from '../../src/config/server-config.ts';

const REDIS = { KILN_REDIS_URL: 'redis://127.0.0.1:6379' };
const read = (env: Record<string, string>) => readServerConfig({ ...REDIS, ...env }).s3;

test('objects are kept in a folder unless a bucket is named', () => {
  expect(read({})).toBeNull();
});

test('a bucket alone is one of AWS, with what the machine may do there', () => {
  expect(read({ KILN_S3_BUCKET: 'renders' })).toEqual({
    bucket: 'renders',
    endpoint: null,
    region: 'us-east-1',
    prefix: '',
    credentials: null,
    pathStyle: false,
  });
});

test('a server of its own is asked by path, with its keys, under a prefix', () => {
  const env = {
    KILN_S3_BUCKET: 'renders',
    KILN_S3_ENDPOINT: 'https://s3.example:9000/',
    KILN_S3_REGION: 'eu-west-1',
    KILN_S3_PREFIX: 'farms/one/',
    KILN_S3_ACCESS_KEY_ID: 'id',
    KILN_S3_SECRET_ACCESS_KEY: 'the-secret',
  };
  expect(read(env)).toEqual({
    bucket: 'renders',
    endpoint: 'https://s3.example:9000',
    region: 'eu-west-1',
    prefix: 'farms/one/',
    credentials: { accessKeyId: 'id', secretAccessKey: 'the-secret' },
    pathStyle: true,
  });
  expect(read({ ...env, KILN_S3_PATH_STYLE: '0', KILN_S3_PREFIX: 'one' })).toMatchObject({
    pathStyle: false,
    prefix: 'one/',
  });
  expect(explainConfig({ ...REDIS, ...env }).join('\n')).not.toContain('the-secret');
});

test.each<[string, Record<string, string>, string]>([
  ['without a bucket', { KILN_S3_ENDPOINT: 'https://s3.example' }, 'KILN_S3_ENDPOINT: set KILN_S3_BUCKET too'],
  ['misspelt', { KILN_S3_BUCKET: 'b12', KILN_S3_SECRET_KEY: 'x' }, 'KILN_S3_SECRET_KEY is none of the variables'],
  ['with half of the keys', { KILN_S3_BUCKET: 'b12', KILN_S3_ACCESS_KEY_ID: 'x' }, 'must be set together'],
  [
    'with a path in the address',
    { KILN_S3_BUCKET: 'b12', KILN_S3_ENDPOINT: 'https://s3/b12' },
    'KILN_S3_ENDPOINT must',
  ],
  ['with a prefix from above', { KILN_S3_BUCKET: 'b12', KILN_S3_PREFIX: '/x' }, 'KILN_S3_PREFIX must be'],
  ['with a bucket that is none', { KILN_S3_BUCKET: 'a/b' }, 'KILN_S3_BUCKET must be'],
  ['with a word for yes', { KILN_S3_BUCKET: 'b12', KILN_S3_PATH_STYLE: 'yes' }, 'KILN_S3_PATH_STYLE must be'],
])('%s nothing starts, and the variable is named', (_, env, message) => {
  expect(() => read(env)).toThrow(message);
});
