/** The contract of an object store, run against each kind; a full disk needs one that can be filled. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openFolderObjectStore } from '../../src/objects/folder-object-store.ts';
import type { ObjectStore } from '../../src/objects/object-store.ts';
import { smallDisk } from '../small-disk.ts';
import { temporaryFolder } from '../store-fixture.ts';

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function* inChunks(bytes: Uint8Array, size = 1_000): AsyncIterable<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function* breakingOff(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
  throw new Error('the sender is gone');
}

async function readAll(store: ObjectStore, sha256: string, range?: { first: number; last: number }): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of await store.get(sha256, range)) parts.push(part);
  return Buffer.concat(parts);
}

async function listOf(store: ObjectStore) {
  const found: string[] = [];
  for await (const { sha256 } of store.list()) found.push(sha256);
  return found;
}

/** Every file below, temporary ones included. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.lock')).map((entry) => entry.name);
}

describe('a folder', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let store: ObjectStore;
  beforeEach(async () => {
    folder = await temporaryFolder();
    store = await openFolderObjectStore(folder.path);
  });
  afterEach(async () => {
    await store.close();
    await folder.remove();
  });

  contract(() => store);

  test('nothing is left of puts that failed', async () => {
    const bytes = randomBytes(5_000);
    await expect(store.put(breakingOff(bytes), { maxBytes: 10_000 })).rejects.toThrow('the sender is gone');
    await expect(store.put(inChunks(bytes), { maxBytes: 4_999 })).rejects.toMatchObject({ code: 'upload.over_limit' });
    await expect(store.put(inChunks(bytes), { maxBytes: 10_000, expectSha256: '0'.repeat(64) })).rejects.toMatchObject({
      code: 'upload.hash_mismatch',
    });
    expect(await filesBelow(folder.path)).toEqual([]);
  });

  test('opening removes what killed processes left, and leaves alone what a living one is writing', async () => {
    const abandoned = join(folder.path, 'tmp', 'abandoned');
    await mkdir(abandoned);
    await writeFile(join(abandoned, 'half'), 'half');
    let goOn = () => {};
    const waiting = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const slow = store.put(
      (async function* () {
        yield Buffer.from('first ');
        await waiting;
        yield Buffer.from('second');
      })(),
      { maxBytes: 100 },
    );
    const other = await openFolderObjectStore(folder.path);
    expect(await filesBelow(folder.path)).toHaveLength(1);
    goOn();
    const { sha256 } = await slow;
    expect((await readAll(other, sha256)).toString()).toBe('first second');
    await other.close();
  });

  test('the locks of temporary folders stay and are used again, so that nobody holds a deleted one', async () => {
    const names = async () => (await readdir(join(folder.path, 'tmp'))).sort();
    const other = await openFolderObjectStore(folder.path);
    expect(await names()).toEqual(['0', '0.lock', '1', '1.lock']);
    await other.close();
    expect(await names()).toEqual(['0', '0.lock', '1.lock']);
    await (await openFolderObjectStore(folder.path)).close();
    expect(await names()).toEqual(['0', '0.lock', '1.lock']);
  });

  test('bytes that come again do not replace those that are there, and are as good as new', async () => {
    const bytes = randomBytes(1_000);
    const { sha256 } = await store.put(inChunks(bytes), { maxBytes: 1_000 });
    const path = join(folder.path, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
    const before = await stat(path);
    await utimes(path, 1, 1);
    await store.put(inChunks(bytes), { maxBytes: 1_000 });
    expect((await stat(path)).ino).toBe(before.ino);
    expect((await store.storedAt(sha256))?.getTime()).toBeGreaterThan(1_000_000);
  });

  test('an address that is no hash reaches no file', async () => {
    await expect(store.get('../../etc/passwd')).rejects.toThrow();
    await expect(store.size(`${'a'.repeat(63)}/`)).rejects.toThrow();
  });

  test('a put finds the disk full before it has taken the reserve', async () => {
    const reserved = await openFolderObjectStore(folder.path, 2 ** 60);
    expect(await reserved.freeBytes()).toBeLessThan(0);
    await expect(reserved.put(inChunks(Buffer.from('x')), { maxBytes: 10 })).rejects.toMatchObject({
      code: 'storage.full',
    });
    await reserved.close();
  });
});

const mount = await smallDisk('1m');
if (typeof mount === 'string') {
  test.skip(`a full disk: not run, because ${mount}`, () => {});
} else {
  describe('a full disk', () => {
    afterAll(() => mount.remove());

    test('is told as such, keeps nothing half-written, and takes bytes again once there is room', async () => {
      const store = await openFolderObjectStore(mount.path);
      const small = randomBytes(300_000);
      const kept = await store.put(inChunks(small, 65_536), { maxBytes: 10_000_000 });
      const large = randomBytes(3_000_000);
      await expect(store.put(inChunks(large, 65_536), { maxBytes: 10_000_000 })).rejects.toMatchObject({
        code: 'storage.full',
        retryable: true,
      });
      expect(await store.has(sha256Of(large))).toBe(false);
      expect(await listOf(store)).toEqual([kept.sha256]);
      expect(await filesBelow(mount.path)).toHaveLength(1);
      expect(await readAll(store, kept.sha256)).toEqual(small);

      await store.delete(kept.sha256);
      const fitting = randomBytes(700_000);
      const again = await store.put(inChunks(fitting, 65_536), { maxBytes: 10_000_000 });
      expect(await readAll(store, again.sha256)).toEqual(fitting);
      await store.close();
    });
  });
}

function contract(get: () => ObjectStore): void {
  test('gives back what was put, under its hash', async () => {
    const bytes = randomBytes(123_457);
    const stored = await get().put(inChunks(bytes), { maxBytes: bytes.length, expectSha256: sha256Of(bytes) });
    expect(stored).toEqual({ sha256: sha256Of(bytes), sizeBytes: bytes.length });
    expect(await readAll(get(), stored.sha256)).toEqual(bytes);
    expect(await get().size(stored.sha256)).toBe(bytes.length);
    expect(await get().has(stored.sha256)).toBe(true);
    const age = Date.now() - ((await get().storedAt(stored.sha256))?.getTime() ?? 0);
    expect(Math.abs(age)).toBeLessThan(60_000);
  });

  test('gives any range, both ends included', async () => {
    const bytes = randomBytes(10_000);
    const { sha256 } = await get().put(inChunks(bytes), { maxBytes: bytes.length });
    for (const [first, last] of [
      [0, 0],
      [0, 9_999],
      [9_999, 9_999],
      [1_234, 5_678],
    ] as const) {
      expect(await readAll(get(), sha256, { first, last })).toEqual(bytes.subarray(first, last + 1));
    }
  });

  test('takes exactly as many bytes as allowed, not one more', async () => {
    const bytes = randomBytes(100);
    await get().put(inChunks(bytes), { maxBytes: 100 });
    const more = randomBytes(101);
    await expect(get().put(inChunks(more), { maxBytes: 100 })).rejects.toMatchObject({ code: 'upload.over_limit' });
    expect(await get().has(sha256Of(more))).toBe(false);
  });

  test('stores the same bytes once, however often and at the same time they come', async () => {
    const bytes = randomBytes(50_000);
    const stored = await Promise.all(Array.from({ length: 5 }, () => get().put(inChunks(bytes), { maxBytes: 1e6 })));
    expect(new Set(stored.map(({ sha256 }) => sha256)).size).toBe(1);
    expect(await listOf(get())).toEqual([sha256Of(bytes)]);
    expect(await readAll(get(), sha256Of(bytes))).toEqual(bytes);
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
    expect(await readAll(get(), sha256)).toEqual(bytes);
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
    expect(await readAll(get(), sha256)).toEqual(bytes);
  });

  test('a file that is not there is told as such, and stores nothing', async () => {
    await expect(get().putFile('/nowhere/file', { maxBytes: 1 })).rejects.toMatchObject({ code: 'ENOENT' });
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

  test('a reader keeps its bytes when they are deleted under it', async () => {
    const bytes = randomBytes(1_000_000);
    const { sha256 } = await get().put(inChunks(bytes, 65_536), { maxBytes: bytes.length });
    const stream = await get().get(sha256);
    await get().delete(sha256);
    const parts: Buffer[] = [];
    for await (const part of stream) parts.push(part);
    expect(Buffer.concat(parts)).toEqual(bytes);
    expect(await get().has(sha256)).toBe(false);
  });

  test('lists what is here with its size', async () => {
    const sizes = new Map<string, number>();
    for (const length of [1, 20, 300]) {
      const { sha256, sizeBytes } = await get().put(inChunks(randomBytes(length)), { maxBytes: 1_000 });
      sizes.set(sha256, sizeBytes);
    }
    const listed = new Map<string, number>();
    for await (const { sha256, sizeBytes } of get().list()) listed.set(sha256, sizeBytes);
    expect(listed).toEqual(sizes);
  });
}
