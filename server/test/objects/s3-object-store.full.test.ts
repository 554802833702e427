/** Objects in a bucket of a real S3 server: the contract, and what a bucket alone has. */
import { randomBytes, randomFillSync, randomUUID } from 'node:crypto';
import {
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { S3Config } from '../../src/config/s3-config.ts';
import { S3_LIMITS } from '../../src/limits.ts';
import type { ObjectStore } from '../../src/objects/object-store.ts';
import { openBucket } from '../../src/objects/open-bucket.ts';
import { connectS3, S3ObjectStore } from '../../src/objects/s3-object-store.ts';
import { listOf, putBytes, readAll, sha256Of } from '../object-bytes.ts';
import { rgwMissing, startRgw, type TestRgw } from '../rgw.ts';
import { openTestStore, type TestStore } from '../store-fixture.ts';
import { objectStoreContract } from './object-store-contract.ts';

const LARGE_BYTES = 2 * S3_LIMITS.partBytes + 1_234_568;

const missing = rgwMissing();
if (missing !== null) {
  test.skip(`objects in S3: ${missing}`, () => {});
} else {
  describe('a bucket of Ceph’s object gateway', () => {
    let rgw: TestRgw;
    let bucket: S3Config;
    let config: S3Config;
    let client: S3Client;
    let store: ObjectStore;
    beforeAll(async () => {
      rgw = await startRgw();
      bucket = await rgw.createBucket();
    });
    afterAll(() => rgw?.stop());
    beforeEach(() => {
      config = { ...bucket, prefix: `farms/${randomUUID()}/` };
      client = connectS3(config);
      store = new S3ObjectStore(client, config);
    });
    afterEach(() => store.close());

    objectStoreContract(() => store, LARGE_BYTES);

    test('two farms in one bucket do not see each other’s objects', async () => {
      const other = new S3ObjectStore(connectS3(bucket), { ...bucket, prefix: `farms/${randomUUID()}/` });
      const bytes = randomBytes(1_000);
      const { sha256 } = await putBytes(store, bytes);
      expect(await other.has(sha256)).toBe(false);
      expect(await listOf(other)).toEqual([]);
      await other.delete(sha256);
      expect(await readAll(store, sha256)).toEqual(bytes);
      await other.close();
    });

    test('what a killed process left of large files is removed once it is old, and nothing else', async () => {
      const Key = `${config.prefix}ab/cd/abcd${'0'.repeat(60)}`;
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: config.bucket, Key }));
      const part = { Bucket: config.bucket, Key, UploadId, PartNumber: 1, Body: randomBytes(S3_LIMITS.partBytes) };
      await client.send(new UploadPartCommand(part));
      const foreign = { Bucket: config.bucket, Key: `${config.prefix}not-an-object` };
      await client.send(new CreateMultipartUploadCommand(foreign));
      expect(await listOf(store)).toEqual([]);
      expect(await store.removeUnfinished(new Date(Date.now() - 60_000))).toBe(0);
      expect(await store.removeUnfinished(new Date(Date.now() + 60_000))).toBe(1);
      const left = await client.send(new ListMultipartUploadsCommand({ Bucket: config.bucket, Prefix: config.prefix }));
      expect(left.Uploads?.map(({ Key }) => Key)).toEqual([foreign.Key]);
    });

    test('lists more than one page, and nothing that is no object', async () => {
      const hashes = Array.from({ length: 1_050 }, () => sha256Of(randomBytes(8)));
      const keyOf = (sha256: string) => `${config.prefix}${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`;
      const put = (Key: string) => client.send(new PutObjectCommand({ Bucket: config.bucket, Key, Body: 'x' }));
      for (let at = 0; at < hashes.length; at += 50) {
        await Promise.all(hashes.slice(at, at + 50).map((sha256) => put(keyOf(sha256))));
      }
      await put(`${config.prefix}farm-id`);
      await put(`${config.prefix}${hashes[0]}`);
      await put(`${config.prefix}00/00/README`);
      expect((await listOf(store)).sort()).toEqual([...new Set(hashes)].sort());
    });

    test('bytes that are damaged on their way are refused by the server', async () => {
      const bytes = randomBytes(10_000);
      const { sha256 } = await putBytes(store, bytes);
      client.middlewareStack.add(
        (next) => (args) => {
          const { request } = args as { request: { body?: unknown } };
          if (request.body instanceof Uint8Array) request.body = Buffer.from(request.body).fill(0, 0, 1);
          return next(args);
        },
        { step: 'finalizeRequest', priority: 'low' },
      );
      const damaged = Buffer.from(bytes).fill(1, 0, 1);
      await expect(putBytes(store, damaged)).rejects.toMatchObject({ code: 'storage.unavailable' });
      expect(await listOf(store)).toEqual([sha256]);
    });

    describe('at the start of a server', () => {
      let opened: TestStore;
      beforeAll(async () => {
        opened = await openTestStore();
      });
      afterAll(() => opened?.dispose());
      const openFor = ({ store: { db } }: TestStore, changes: Partial<S3Config> = {}) =>
        openBucket({ ...config, ...changes }, db, (bytes) => randomFillSync(bytes));

      test.each<[string, Partial<S3Config>, string, RegExp]>([
        [
          'a wrong bucket',
          { bucket: 'nobody-has-this' },
          'request.invalid',
          /^KILN_S3_BUCKET: there is no bucket “nobody-/,
        ],
        [
          'a wrong key',
          { credentials: { accessKeyId: 'nobody', secretAccessKey: 'nothing' } },
          'request.invalid',
          /^KILN_S3_ACCESS_KEY_ID, KILN_S3_SECRET_ACCESS_KEY: .* refuses them \(InvalidAccessKeyId\)\.$/,
        ],
        [
          'an address where nothing answers',
          { endpoint: 'http://127.0.0.1:1' },
          'storage.unavailable',
          /^KILN_S3_ENDPOINT: http:\/\/127\.0\.0\.1:1 does not answer as an S3 server does \(ECONNREFUSED\)\.$/,
        ],
      ])('%s is told in a line', async (_, changes, code, message) => {
        await expect(openFor(opened, changes)).rejects.toMatchObject({
          code,
          message: expect.stringMatching(message),
        });
      });

      test('a wrong secret is told, and not shown', async () => {
        const credentials = { accessKeyId: bucket.credentials?.accessKeyId ?? '', secretAccessKey: 'not-the-secret' };
        const opening = openFor(opened, { credentials });
        await expect(opening).rejects.toThrow(/refuses them \(SignatureDoesNotMatch\)/);
        await expect(opening).rejects.not.toThrow(/not-the-secret/);
      });

      test('a bucket that another user has is told', async () => {
        const foreign = await rgw.createBucket();
        await expect(openFor(opened, { bucket: foreign.bucket })).rejects.toThrow(
          /^KILN_S3_BUCKET: these credentials may not list, read or write/,
        );
      });

      test('servers of one farm agree on a bucket; another farm is refused it, and told what to do', async () => {
        const stores = await Promise.all([openFor(opened), openFor(opened), openFor(opened)]);
        await Promise.all(stores.map((one) => one.close()));
        const other = await openTestStore();
        await expect(openFor(other)).rejects.toThrow(/belongs to another farm: give this one a bucket or prefix/);
        await (await openFor(other, { prefix: `${config.prefix}other/` })).close();
        await other.dispose();
      });

      test('a farm whose objects are elsewhere is refused until they are copied', async () => {
        const farm = await openTestStore();
        const bytes = randomBytes(100);
        const row = { sha256: sha256Of(bytes), size_bytes: 100, unreferenced_at: null };
        await farm.store.db.insertInto('objects').values(row).execute();
        await expect(openFor(farm)).rejects.toThrow(/has not what this farm has stored: copy the folder objects/);
        await putBytes(store, bytes);
        const here = await openFor(farm);
        expect(await readAll(here, sha256Of(bytes))).toEqual(bytes);
        await here.close();
        await farm.dispose();
      });
    });
  });
}
