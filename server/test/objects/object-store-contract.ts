/** The contract of an object store: rules that every kind keeps. */
import { randomBytes } from 'node:crypto';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { ObjectStore } from '../../src/objects/object-store.ts';
import { inChunks, listOf, putBytes, readAll, sha256Of } from '../object-bytes.ts';
import { temporaryFolder } from '../store-fixture.ts';

export async function* breakingOff(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
  throw new Error('the sender is gone');
}

/**
 * @param get the store, empty at the beginning of each test.
 * @param largeBytes more than the store takes in one piece.
 */
export function objectStoreContract(get: () => ObjectStore, largeBytes: number): void {
  test('gives back what was put, under its hash', async () => {
    const bytes = randomBytes(123_457);
    expect(await putBytes(get(), bytes)).toEqual({ sha256: sha256Of(bytes), sizeBytes: bytes.length });
    const sha256 = sha256Of(bytes);
    expect((await readAll(get(), sha256)).equals(bytes)).toBe(true);
    expect(await get().size(sha256)).toBe(bytes.length);
    expect(await get().has(sha256)).toBe(true);
    const age = Date.now() - ((await get().storedAt(sha256))?.getTime() ?? 0);
    expect(Math.abs(age)).toBeLessThan(60_000);
  });

  test('a large file is one object, whole, and any range of it', async () => {
    const bytes = randomBytes(largeBytes);
    const { sha256 } = await putBytes(get(), bytes);
    expect(sha256Of(await readAll(get(), sha256))).toBe(sha256);
    expect(await get().size(sha256)).toBe(largeBytes);
    const middle = { first: largeBytes / 2 - 1_000, last: largeBytes / 2 + 1_000 };
    expect(await readAll(get(), sha256, middle)).toEqual(bytes.subarray(middle.first, middle.last + 1));
    expect(await listOf(get())).toEqual([sha256]);
  });

  test('gives any range, both ends included', async () => {
    const bytes = randomBytes(10_000);
    const { sha256 } = await putBytes(get(), bytes);
    for (const [first, last] of [
      [0, 0],
      [0, 9_999],
      [9_999, 9_999],
      [1_234, 5_678],
    ] as const) {
      expect(await readAll(get(), sha256, { first, last })).toEqual(bytes.subarray(first, last + 1));
    }
  });

  test('no byte at all is an object too', async () => {
    const { sha256 } = await putBytes(get(), new Uint8Array(0));
    expect(await get().size(sha256)).toBe(0);
    expect(await readAll(get(), sha256)).toEqual(Buffer.alloc(0));
  });

  test('takes exactly as many bytes as allowed, not one more', async () => {
    await putBytes(get(), randomBytes(100), { maxBytes: 100 });
    const more = randomBytes(101);
    await expect(putBytes(get(), more, { maxBytes: 100 })).rejects.toMatchObject({ code: 'upload.over_limit' });
    expect(await get().has(sha256Of(more))).toBe(false);
  });

  test.each([5_000, largeBytes])('nothing is left of puts of %i bytes that failed', async (length) => {
    const bytes = randomBytes(length);
    const expectSha256 = sha256Of(bytes);
    const broken = get().put(breakingOff(bytes), { maxBytes: length, expectSha256 });
    await expect(broken).rejects.toThrow('the sender is gone');
    await expect(putBytes(get(), bytes, { maxBytes: length - 1 })).rejects.toMatchObject({ code: 'upload.over_limit' });
    const other = get().put(inChunks(bytes, 65_536), { maxBytes: length, expectSha256: '0'.repeat(64) });
    await expect(other).rejects.toMatchObject({ code: 'upload.hash_mismatch', retryable: true });
    expect(await listOf(get())).toEqual([]);
    expect(await get().has(expectSha256)).toBe(false);
    expect(await get().removeUnfinished(new Date(Date.now() + 60_000))).toBe(0);
  });

  test('what is being put is not seen before it is whole, and leaves what has its name as it is', async () => {
    const bytes = randomBytes(largeBytes);
    const sha256 = sha256Of(bytes);
    let goOn = () => {};
    const waiting = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    async function* slowly() {
      yield bytes.subarray(0, largeBytes - 10);
      await waiting;
      yield bytes.subarray(largeBytes - 10);
    }
    const first = get().put(slowly(), { maxBytes: largeBytes, expectSha256: sha256 });
    await sleep(500);
    expect(await get().has(sha256)).toBe(false);
    expect(await listOf(get())).toEqual([]);
    await expect(get().get(sha256)).rejects.toMatchObject({ code: 'resource.not_found' });
    goOn();
    await first;
    const wrong = get().put(inChunks(randomBytes(largeBytes), 65_536), { maxBytes: largeBytes, expectSha256: sha256 });
    await expect(wrong).rejects.toMatchObject({ code: 'upload.hash_mismatch' });
    expect(sha256Of(await readAll(get(), sha256))).toBe(sha256);
  });

  test('stores the same bytes once, however often and at the same time they come', async () => {
    const bytes = randomBytes(50_000);
    const stored = await Promise.all(Array.from({ length: 5 }, () => putBytes(get(), bytes, { maxBytes: 1e6 })));
    expect(new Set(stored.map(({ sha256 }) => sha256)).size).toBe(1);
    expect(await listOf(get())).toEqual([sha256Of(bytes)]);
    expect((await readAll(get(), sha256Of(bytes))).equals(bytes)).toBe(true);
  });

  test('bytes that come again are as good as new', async () => {
    const bytes = randomBytes(1_000);
    const { sha256 } = await putBytes(get(), bytes);
    const before = await get().storedAt(sha256);
    // S3 tells whole seconds.
    await sleep(1_500);
    await putBytes(get(), bytes);
    expect((await get().storedAt(sha256))?.getTime()).toBeGreaterThan(before?.getTime() ?? Number.POSITIVE_INFINITY);
  });

  test('stores a file and leaves it to its owner; a wrong hash stores nothing', async () => {
    const folder = await temporaryFolder();
    const path = join(folder.path, 'file');
    const bytes = randomBytes(5_000);
    await writeFile(path, bytes);
    await expect(get().putFile(path, { maxBytes: 5_000, expectSha256: '0'.repeat(64) })).rejects.toMatchObject({
      code: 'upload.hash_mismatch',
    });
    expect(await listOf(get())).toEqual([]);
    const { sha256 } = await get().putFile(path, { maxBytes: 5_000, expectSha256: sha256Of(bytes) });
    await folder.remove();
    expect((await readAll(get(), sha256)).equals(bytes)).toBe(true);
  });

  test('a file that is still written to after it was stored changes nothing of what is stored', async () => {
    const folder = await temporaryFolder();
    const path = join(folder.path, 'file');
    const bytes = randomBytes(5_000);
    await writeFile(path, bytes);
    const writer = await open(path, 'r+');
    const { sha256 } = await get().putFile(path, { maxBytes: 5_000 });
    await writer.write(Buffer.alloc(5_000), 0, 5_000, 0);
    await writer.close();
    await folder.remove();
    expect((await readAll(get(), sha256)).equals(bytes)).toBe(true);
  });

  test.each([{}, { expectSha256: 'a'.repeat(64) }])('a file that is not there is told as such: %o', async (options) => {
    await expect(get().putFile('/nowhere/file', { maxBytes: 1, ...options })).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await listOf(get())).toEqual([]);
  });

  test('what is not here is null, not found, or no error to delete', async () => {
    const sha256 = 'f'.repeat(64);
    expect(await get().size(sha256)).toBeNull();
    expect(await get().storedAt(sha256)).toBeNull();
    expect(await get().has(sha256)).toBe(false);
    await expect(get().get(sha256)).rejects.toMatchObject({ code: 'resource.not_found' });
    await get().delete(sha256);
  });

  test('an address that is no hash reaches nothing', async () => {
    await expect(get().get('../../etc/passwd')).rejects.toThrow('lower-case SHA-256');
    await expect(get().size(`${'a'.repeat(63)}/`)).rejects.toThrow('lower-case SHA-256');
    await expect(get().delete('A'.repeat(64))).rejects.toThrow('lower-case SHA-256');
    const put = get().put(inChunks(randomBytes(1)), { maxBytes: 1, expectSha256: '../x' });
    await expect(put).rejects.toThrow();
    expect(await listOf(get())).toEqual([]);
  });

  test('a reader keeps its bytes when they are deleted under it', async () => {
    const bytes = randomBytes(1_000_000);
    const { sha256 } = await putBytes(get(), bytes);
    const stream = await get().get(sha256);
    await get().delete(sha256);
    const parts: Buffer[] = [];
    for await (const part of stream) parts.push(part);
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
    expect(await get().has(sha256)).toBe(false);
  });

  test('a reader that leaves in the middle, or before it has begun, holds nothing up', async () => {
    const bytes = randomBytes(2_000_000);
    const { sha256 } = await putBytes(get(), bytes);
    // More than a store holds connections.
    for (let i = 0; i < 150; i++) {
      const stream = await get().get(sha256);
      if (i % 2 === 0) {
        for await (const part of stream) {
          expect(part.length).toBeGreaterThan(0);
          break;
        }
      }
      stream.destroy();
    }
    expect(sha256Of(await readAll(get(), sha256))).toBe(sha256);
  });

  test('lists what is here with its size', async () => {
    const sizes = new Map<string, number>();
    for (const length of [1, 20, 300]) {
      const { sha256, sizeBytes } = await putBytes(get(), randomBytes(length));
      sizes.set(sha256, sizeBytes);
    }
    const listed = new Map<string, number>();
    for await (const { sha256, sizeBytes } of get().list()) listed.set(sha256, sizeBytes);
    expect(listed).toEqual(sizes);
  });
}
