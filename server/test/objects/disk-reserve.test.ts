/** Bytes that are written stop at the reserve of the disk, however many writers there are. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openFolderObjectStore } from '../../src/objects/folder-object-store.ts';
import { UploadFiles } from '../../src/uploads/upload-files.ts';
import { smallDisk } from '../small-disk.ts';

const MIB = 1_048_576;
const ID = `upl_${'0'.repeat(20)}`;

async function* mebibytes(count: number): AsyncIterable<Uint8Array> {
  for (let index = 0; index < count; index++) yield new Uint8Array(MIB).fill(index);
}

/** What is free, what is kept, and which variable says so. */
const figures = expect.stringMatching(/: \d+ bytes are free, KILN_DISK_RESERVE_BYTES keeps 25165824 of them/);

const disk = await smallDisk('40m');
if (typeof disk === 'string') {
  test.skip(`the reserve of a disk: not run, because ${disk}`, () => {});
} else {
  test('uploads and objects that grow into the reserve are refused, and nothing of them is kept', async () => {
    try {
      const files = new UploadFiles(join(disk.path, 'uploads'), 24 * MIB);
      await files.create(ID);
      await files.append(ID, mebibytes(2), { offset: 0, maxBytes: 2 * MIB });
      const append = files.append(ID, mebibytes(30), { offset: 2 * MIB, maxBytes: 30 * MIB });
      await expect(append).rejects.toMatchObject({ code: 'storage.full', message: figures });
      expect(await files.length(ID)).toBe(2 * MIB);

      const store = await openFolderObjectStore(join(disk.path, 'objects'), 24 * MIB);
      const put = store.put(mebibytes(30), { maxBytes: 30 * MIB, expectSha256: 'a'.repeat(64) });
      await expect(put).rejects.toMatchObject({ code: 'storage.full', message: figures });
      expect(await store.freeBytes()).toBeGreaterThan(8 * MIB);
      await store.close();
    } finally {
      await disk.remove();
    }
  });
}
