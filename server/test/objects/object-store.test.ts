/** Objects in a folder: the contract, and what a folder alone has; a full disk needs one that can be filled. */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openFolderObjectStore } from '../../src/objects/folder-object-store.ts';
import type { ObjectStore } from '../../src/objects/object-store.ts';
import { inChunks, listOf, putBytes, readAll, sha256Of } from '../object-bytes.ts';
import { smallDisk } from '../small-disk.ts';
import { temporaryFolder } from '../store-fixture.ts';
import { breakingOff, objectStoreContract } from './object-store-contract.ts';

const LARGE_BYTES = 3_000_000;

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

  objectStoreContract(() => store, LARGE_BYTES);

  test('not even a temporary file is left of puts that failed', async () => {
    const bytes = randomBytes(5_000);
    const broken = store.put(breakingOff(bytes), { maxBytes: 10_000, expectSha256: sha256Of(bytes) });
    await expect(broken).rejects.toThrow('the sender is gone');
    await expect(putBytes(store, bytes, { maxBytes: 4_999 })).rejects.toMatchObject({ code: 'upload.over_limit' });
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
      { maxBytes: 100, expectSha256: sha256Of(Buffer.from('first second')) },
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

  test('bytes that come again take the place of those that are there, were they damaged or read meanwhile', async () => {
    const bytes = randomBytes(1_000);
    const { sha256 } = await putBytes(store, bytes);
    const path = join(folder.path, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
    const reading = await store.get(sha256);
    await putBytes(store, bytes);
    expect(Buffer.concat(await reading.toArray())).toEqual(bytes);
    await writeFile(path, 'damaged');
    await utimes(path, 1, 1);
    await putBytes(store, bytes);
    expect(await readFile(path)).toEqual(bytes);
    expect((await store.storedAt(sha256))?.getTime()).toBeGreaterThan(1_000_000);
  });

  test('a put finds the disk full before it has taken the reserve', async () => {
    const reserved = await openFolderObjectStore(folder.path, 2 ** 60);
    expect(await reserved.freeBytes()).toBeLessThan(0);
    await expect(putBytes(reserved, Buffer.from('x'))).rejects.toMatchObject({
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
      const kept = await putBytes(store, small);
      const large = randomBytes(3_000_000);
      await expect(putBytes(store, large)).rejects.toMatchObject({
        code: 'storage.full',
        retryable: true,
      });
      expect(await store.has(sha256Of(large))).toBe(false);
      expect(await listOf(store)).toEqual([kept.sha256]);
      expect(await filesBelow(mount.path)).toHaveLength(1);
      expect((await readAll(store, kept.sha256)).equals(small)).toBe(true);

      await store.delete(kept.sha256);
      const fitting = randomBytes(700_000);
      const again = await putBytes(store, fitting);
      expect((await readAll(store, again.sha256)).equals(fitting)).toBe(true);
      await store.close();
    });
  });
}
