/**
 * Objects in a folder: `ab/cd/<sha256>`. A writer fills a file in a temporary folder of its own process, syncs it, moves it
 * to its name and syncs the folder: what has a name is whole, also after a power cut. Bytes that come again take the place of
 * those that are there, which may have been damaged since; who reads those reads them to their end.
 */
import { randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import { access, type FileHandle, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { KilnError } from '@kiln/shared';
import { type FolderLock, FolderLockedError, lockFolder } from '../store/folder-lock.ts';
import { errorCodeOf, isDiskFull } from './disk-errors.ts';
import { freeBytes, RoomWatch, requireRoom } from './disk-room.ts';
import { bytesOf, sha256OfFile } from './file-bytes.ts';
import { HashedBytes } from './hash-bytes.ts';
import type { ByteRange, ObjectStore, PutFileOptions, PutOptions, StoredObject } from './object-store.ts';

const SHA256 = /^[0-9a-f]{64}$/;
const HEX_PAIR = /^[0-9a-f]{2}$/;

/**
 * @param folder must be on one disk, as everything under it.
 * @param reserveBytes of the disk that are left free; a put finds the disk full before it has taken them.
 * @returns the store, once what dead processes left behind is removed.
 */
export async function openFolderObjectStore(folder: string, reserveBytes = 0): Promise<ObjectStore> {
  const temporary = join(folder, 'tmp');
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  const { path, lock } = await takeSlot(temporary);
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { mode: 0o700 });
  await removeAbandoned(temporary);
  return new FolderObjectStore(folder, path, lock, reserveBytes);
}

/**
 * The first temporary folder that no other process has. They are numbered, because their lock files stay: there are never
 * more than servers that ran at once.
 */
async function takeSlot(temporary: string): Promise<{ path: string; lock: FolderLock }> {
  for (let slot = 0; ; slot++) {
    const path = join(temporary, String(slot));
    const lock = await lockUnlessHeld(path);
    if (lock !== null) return { path, lock };
  }
}

/**
 * Several servers may share the folder: a temporary folder whose lock nobody holds has no owner any more.
 *
 * @returns how many there were.
 */
async function removeAbandoned(temporary: string): Promise<number> {
  let removed = 0;
  const entries = await readdir(temporary, { withFileTypes: true });
  for (const entry of entries.filter((found) => found.isDirectory())) {
    const path = join(temporary, entry.name);
    const lock = await lockUnlessHeld(path);
    if (lock === null) continue;
    await rm(path, { recursive: true, force: true });
    await lock.release();
    removed++;
  }
  return removed;
}

async function lockUnlessHeld(path: string): Promise<FolderLock | null> {
  try {
    return await lockFolder(path);
  } catch (error) {
    if (error instanceof FolderLockedError) return null;
    throw error;
  }
}

class FolderObjectStore implements ObjectStore {
  readonly isOnDisk = true;
  readonly #folder: string;
  readonly #temporary: string;
  readonly #lock: FolderLock;
  readonly #reserveBytes: number;
  readonly #room: RoomWatch;
  /** Folders of the first level whose names are on the disk. */
  readonly #synced = new Set<string>();

  constructor(folder: string, temporary: string, lock: FolderLock, reserveBytes: number) {
    this.#folder = folder;
    this.#temporary = temporary;
    this.#lock = lock;
    this.#reserveBytes = reserveBytes;
    this.#room = new RoomWatch(() => this.#checkRoom());
  }

  async put(bytes: AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredObject> {
    await this.#room.begin();
    const path = join(this.#temporary, randomUUID());
    const file = await open(path, 'wx', 0o600).catch((error: unknown) => this.#openError(error));
    try {
      const hashed = new HashedBytes(bytes, options);
      for await (const chunk of hashed) {
        await writeWhole(file, chunk);
        await this.#room.wrote(chunk.byteLength);
      }
      await file.datasync();
      await this.#name(path, hashed.stored.sha256);
      return hashed.stored;
    } catch (error) {
      await unlink(path).catch(unlessGone);
      return asStorageError(error);
    } finally {
      await file.close().catch(() => {});
    }
  }

  async #openError(error: unknown): Promise<never> {
    if (errorCodeOf(error) === 'ENOENT') await this.#requireFolder();
    return asStorageError(error);
  }

  /** By a copy, never by a second name: another server may still be writing to the file. */
  async putFile(path: string, { maxBytes, expectSha256 }: PutFileOptions): Promise<StoredObject> {
    return this.put(bytesOf(path), { maxBytes, expectSha256: expectSha256 ?? (await sha256OfFile(path)) });
  }

  async #name(path: string, sha256: string): Promise<void> {
    const target = this.#pathOf(sha256);
    const folder = dirname(target);
    try {
      await rename(path, target);
    } catch (error) {
      if (errorCodeOf(error) !== 'ENOENT') throw error;
      const first = await mkdir(folder, { recursive: true, mode: 0o700 });
      await syncFile(dirname(folder));
      await this.#syncName(dirname(folder), first !== undefined && first !== folder);
      await rename(path, target);
    }
    await syncFile(folder);
  }

  /** Once is enough for a folder of the first level, unless it was made again. */
  async #syncName(folder: string, isNew: boolean): Promise<void> {
    if (!isNew && this.#synced.has(folder)) return;
    await syncFile(this.#folder);
    this.#synced.add(folder);
  }

  async get(sha256: string, range?: ByteRange): Promise<Readable> {
    // Opened before it is returned: once there is a stream, the sweep cannot take the bytes away from it.
    const file = await open(this.#pathOf(sha256), 'r').catch(async (error: unknown) => {
      if (errorCodeOf(error) !== 'ENOENT') return asStorageError(error);
      await this.#requireFolder();
      throw new KilnError('resource.not_found', `no object ${sha256} is stored`);
    });
    return file.createReadStream(range === undefined ? {} : { start: range.first, end: range.last });
  }

  async size(sha256: string): Promise<number | null> {
    return (await this.#stat(sha256))?.size ?? null;
  }

  async storedAt(sha256: string): Promise<Date | null> {
    return (await this.#stat(sha256))?.mtime ?? null;
  }

  async #stat(sha256: string): Promise<Stats | null> {
    try {
      return await stat(this.#pathOf(sha256));
    } catch (error) {
      if (errorCodeOf(error) !== 'ENOENT') return asStorageError(error);
      await this.#requireFolder();
      return null;
    }
  }

  async has(sha256: string): Promise<boolean> {
    return (await this.size(sha256)) !== null;
  }

  async delete(sha256: string): Promise<void> {
    await rm(this.#pathOf(sha256), { force: true });
  }

  async *list(): AsyncIterable<StoredObject> {
    for (const first of await namesIn(this.#folder, HEX_PAIR)) {
      for (const second of await namesIn(join(this.#folder, first), HEX_PAIR)) {
        for (const sha256 of await namesIn(join(this.#folder, first, second), SHA256)) {
          const sizeBytes = await this.size(sha256);
          if (sizeBytes !== null) yield { sha256, sizeBytes };
        }
      }
    }
  }

  /** Locks tell what is under way, whenever it was begun. */
  removeUnfinished(): Promise<number> {
    return removeAbandoned(dirname(this.#temporary));
  }

  freeBytes(): Promise<number> {
    return freeBytes(this.#folder, this.#reserveBytes);
  }

  async #checkRoom(): Promise<void> {
    await this.#requireFolder();
    await requireRoom(this.#folder, this.#reserveBytes, 1);
  }

  /** Without its disk the folder is empty or not there, which says nothing of what is stored. */
  async #requireFolder(): Promise<void> {
    await access(this.#temporary).catch((cause: unknown) => {
      const message =
        'the folder of the object store is not what it was: its operator must see whether its disk is mounted';
      throw new KilnError('storage.unavailable', message, { cause });
    });
  }

  async close(): Promise<void> {
    await rm(this.#temporary, { recursive: true, force: true });
    await this.#lock.release();
  }

  #pathOf(sha256: string): string {
    // The only place where a hash becomes a path: nothing else may pass.
    if (!SHA256.test(sha256)) throw new Error('an object is addressed by a lower-case SHA-256');
    return join(this.#folder, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  }
}

async function namesIn(folder: string, pattern: RegExp): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => pattern.test(name)).sort();
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Makes a file's bytes, or a folder's names, durable. */
async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function unlessGone(error: unknown): void {
  if (errorCodeOf(error) !== 'ENOENT') throw error;
}

async function writeWhole(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < chunk.byteLength; ) {
    offset += (await file.write(chunk, offset)).bytesWritten;
  }
}

function asStorageError(error: unknown): never {
  throw isDiskFull(error) ? storageFull(error) : error;
}

const storageFull = (cause?: unknown) =>
  new KilnError('storage.full', 'the object store is full: nothing was kept; free space and send it again', { cause });
