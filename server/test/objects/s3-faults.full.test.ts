/** A real S3 server behind a connection that is slow, stalls or breaks; that is killed; that is full. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { S3Config } from '../../src/config/s3-config.ts';
import { S3_LIMITS } from '../../src/limits.ts';
import { connectS3, type S3Limits, S3ObjectStore } from '../../src/objects/s3-object-store.ts';
import { listOf, putBytes, readAll, sha256Of } from '../object-bytes.ts';
import { rgwMissing, startRgw, type TestRgw } from '../rgw.ts';
import { type Link, startLink } from '../slow-link.ts';

const MIB = 1_048_576;
/** What no server may take for one file of 300 MB; a store that gathers it before it sends takes all of it. */
const MEMORY_BYTES = 120 * MIB;

const missing = rgwMissing();
if (missing !== null) {
  test.skip(`objects in S3 that is slow, broken or full: ${missing}`, () => {});
} else {
  describe('an S3 server that', () => {
    let rgw: TestRgw;
    let link: Link;
    let bucket: S3Config;
    beforeAll(async () => {
      rgw = await startRgw();
      link = await startLink(rgw.endpoint);
      bucket = await rgw.createBucket();
    });
    afterAll(async () => {
      await link?.close();
      await rgw?.stop();
    });

    let config: S3Config;
    beforeEach(() => {
      Object.assign(link, { bytesPerSec: 0, isStalled: false, receivedBytes: 0 });
      link.cutAfterBytes.length = 0;
      config = { ...bucket, endpoint: link.url, prefix: `${randomUUID()}/` };
    });
    const open = (limits: Partial<S3Limits> = {}, at = config) => {
      const all = { ...S3_LIMITS, ...limits };
      return new S3ObjectStore(connectS3(at, all), at, all);
    };

    test('is behind a slow link passes 300 MB with little memory, each way, and they are the same', async () => {
      link.bytesPerSec = 40 * MIB;
      const store = open();
      const pieces = 300;
      const blocks = Array.from({ length: 7 }, () => randomBytes(MIB));
      const hash = createHash('sha256');
      const pieceAt = (index: number) => blocks[index % blocks.length] ?? Buffer.alloc(0);
      for (let index = 0; index < pieces; index++) hash.update(pieceAt(index));
      const sha256 = hash.digest('hex');
      const memory = watchMemory();
      async function* bytes() {
        for (let index = 0; index < pieces; index++) yield pieceAt(index);
      }
      const stored = await store.put(bytes(), { maxBytes: pieces * MIB, expectSha256: sha256 });
      expect(stored.sizeBytes).toBe(pieces * MIB);
      const back = createHash('sha256');
      for await (const chunk of await store.get(sha256)) back.update(chunk);
      expect(back.digest('hex')).toBe(sha256);
      expect(memory.stop()).toBeLessThan(MEMORY_BYTES);
      await store.close();
    }, 600_000);

    test('is read slowly sends no more than is read', async () => {
      const store = open();
      const bytes = randomBytes(64 * MIB);
      const { sha256 } = await putBytes(store, bytes);
      link.receivedBytes = 0;
      const stream = await store.get(sha256);
      const parts: Buffer[] = [];
      for await (const part of stream) {
        parts.push(part);
        if (parts.length === 1) {
          await sleep(1_000);
          expect(link.receivedBytes).toBeLessThan(32 * MIB);
        }
      }
      expect(sha256Of(Buffer.concat(parts))).toBe(sha256);
      await store.close();
    });

    test('breaks connections off in the middle of a download: it goes on where it was, ranges too', async () => {
      const store = open();
      const bytes = randomBytes(10 * MIB);
      const { sha256 } = await putBytes(store, bytes);
      await store.close();
      const reader = open();
      link.cutAfterBytes.push(3 * MIB, 2 * MIB, 100, 4 * MIB);
      expect(sha256Of(await readAll(reader, sha256))).toBe(sha256);
      expect(link.cutAfterBytes).toEqual([]);
      link.cutAfterBytes.push(MIB, MIB);
      await reader.close();
      const another = open();
      const range = { first: 1_000, last: 9 * MIB };
      const got = await readAll(another, sha256, range);
      expect(got.equals(bytes.subarray(range.first, range.last + 1))).toBe(true);
      await another.close();
    });

    test('is cut off for good ends a download with an error, never with fewer bytes', async () => {
      const bytes = randomBytes(5 * MIB);
      const writer = open();
      const { sha256 } = await putBytes(writer, bytes);
      await writer.close();
      const reader = open({ tries: 1, resumes: 2, resumeWaitMs: 10 });
      link.cutAfterBytes.push(MIB, ...Array.from({ length: 20 }, () => 10));
      await expect(readAll(reader, sha256)).rejects.toThrow();
      await reader.close();
    });

    test('breaks connections off in the middle of a large put: its parts are sent again', async () => {
      const bytes = randomBytes(3 * S3_LIMITS.partBytes);
      link.cutAfterBytes.push(1, 1, 1);
      const store = open();
      const { sha256 } = await putBytes(store, bytes);
      expect(sha256Of(await readAll(store, sha256))).toBe(sha256);
      await store.close();
    });

    test('stalls is given up: puts, reads and questions fail as unavailable, and nothing is lost', async () => {
      const writer = open();
      const { sha256 } = await putBytes(writer, randomBytes(MIB));
      const store = open({ tries: 2, idleMs: 400, askMs: 600, resumes: 1, resumeWaitMs: 10 });
      link.isStalled = true;
      const unavailable = { code: 'storage.unavailable', retryable: true };
      await expect(store.has(sha256)).rejects.toMatchObject(unavailable);
      // It may be done later nevertheless: what was sent may arrive.
      await expect(store.delete('e'.repeat(64))).rejects.toMatchObject(unavailable);
      await expect(store.freeBytes()).rejects.toMatchObject(unavailable);
      await expect(store.get(sha256)).rejects.toMatchObject(unavailable);
      await expect(putBytes(store, randomBytes(100))).rejects.toMatchObject(unavailable);
      await expect(putBytes(store, randomBytes(2 * S3_LIMITS.partBytes))).rejects.toMatchObject(unavailable);
      await expect(listOf(store)).rejects.toMatchObject(unavailable);
      link.isStalled = false;
      expect(await store.freeBytes()).toBeNull();
      expect(sha256Of(await readAll(store, sha256))).toBe(sha256);
      await writer.close();
      await store.close();
    });

    test('is killed and started again: what was stored is there, and a download goes on', async () => {
      const store = open({ resumes: 60 });
      const bytes = randomBytes(20 * MIB);
      const { sha256 } = await putBytes(store, bytes);
      const hash = createHash('sha256');
      let isKilled = false;
      for await (const chunk of await store.get(sha256)) {
        hash.update(chunk);
        if (isKilled) continue;
        isKilled = true;
        await rgw.killGateway();
        const impatient = open({ tries: 2 });
        await expect(putBytes(impatient, randomBytes(10))).rejects.toMatchObject({ code: 'storage.unavailable' });
        await expect(impatient.freeBytes()).rejects.toMatchObject({ code: 'storage.unavailable' });
        await impatient.close();
        await rgw.startGateway();
      }
      expect(hash.digest('hex')).toBe(sha256);
      expect(await listOf(store)).toEqual([sha256]);
      await store.close();
    });

    test('is full says so; nothing is kept, what is there stays, and later puts fit again', async () => {
      const small = { ...(await rgw.createBucket()), endpoint: link.url };
      const store = open({}, small);
      const { sha256 } = await putBytes(store, randomBytes(MIB));
      await rgw.setQuota(small, 3 * MIB);
      for (const length of [4 * MIB, 2 * S3_LIMITS.partBytes]) {
        await expect(putBytes(store, randomBytes(length))).rejects.toMatchObject({
          code: 'storage.full',
          retryable: true,
          message: expect.stringContaining('nothing was kept'),
        });
      }
      expect(await store.freeBytes()).toBe(0);
      expect(await listOf(store)).toEqual([sha256]);
      expect(await store.removeUnfinished(new Date(Date.now() + 60_000))).toBe(0);
      expect(sha256Of(await readAll(store, sha256))).toBe(sha256);
      await rgw.setQuota(small, null);
      await putBytes(store, randomBytes(4 * MIB));
      expect(await store.freeBytes()).toBeNull();
      await store.close();
    });
  });
}

test('an answer that asks to slow down is waited for a while, then told as one that may help later', async () => {
  let refusals = 3;
  const busy = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      if (refusals-- <= 0) return void response.end();
      response.writeHead(503, { 'content-type': 'application/xml' });
      response.end('<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>busy</Message></Error>');
    });
  });
  await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
  const address = busy.address();
  const config: S3Config = {
    endpoint: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    region: 'us-east-1',
    bucket: 'busy',
    prefix: '',
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    pathStyle: true,
  };
  const store = new S3ObjectStore(connectS3(config), config);
  await putBytes(store, randomBytes(10));
  expect(refusals).toBe(-1);
  refusals = 1_000;
  await expect(putBytes(store, randomBytes(10))).rejects.toMatchObject({
    code: 'storage.unavailable',
    retryable: true,
  });
  await store.close();
  await new Promise((resolve) => busy.close(resolve));
});

/** @returns what stops watching and gives the largest growth of buffers. */
function watchMemory(): { stop(): number } {
  const used = () => process.memoryUsage().arrayBuffers;
  const before = used();
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, used() - before);
  }, 50);
  return {
    stop() {
      clearInterval(timer);
      return most;
    },
  };
}
