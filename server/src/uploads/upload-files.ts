/** Bytes of unfinished uploads: one file each, whose length is how far the upload has come. */
import type { Stats } from 'node:fs';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { KilnError } from '@kiln/shared';
import { errorCodeOf, isDiskFull } from '../objects/disk-errors.ts';
import { RoomWatch, requireRoom } from '../objects/disk-room.ts';

export interface AppendOptions {
  /** Where the bytes belong: the file's present length. */
  readonly offset: number;
  /** At most so many; one more is refused, and none of them kept. */
  readonly maxBytes: number;
}

export class UploadFiles {
  readonly #folder: string;
  readonly #reserveBytes: number;

  /** @param reserveBytes of the disk that uploads leave free. */
  constructor(folder: string, reserveBytes: number) {
    this.#folder = folder;
    this.#reserveBytes = reserveBytes;
  }

  async create(id: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const file = await open(this.pathOf(id), 'wx', 0o600).catch(asStorageError);
    await file.close();
  }

  /** Bytes that are here; null when there is no such file. */
  async length(id: string): Promise<number | null> {
    return (await this.#stat(id))?.size ?? null;
  }

  async changedAt(id: string): Promise<Date | null> {
    return (await this.#stat(id))?.mtime ?? null;
  }

  async #stat(id: string): Promise<Stats | null> {
    try {
      return await stat(this.pathOf(id));
    } catch (error) {
      if (errorCodeOf(error) === 'ENOENT') return null;
      throw error;
    }
  }

  /** @throws KilnError `storage.full` when the disk has no room for so many bytes. */
  async checkRoom(bytes: number): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await requireRoom(this.#folder, this.#reserveBytes, bytes);
  }

  /**
   * Appends what comes. When the source breaks off, what came stays; when the disk is full or too much comes, nothing of
   * this call does.
   *
   * @returns the file's new length.
   * @throws KilnError `storage.full`, `upload.over_limit`; what the source throws.
   */
  async append(id: string, bytes: AsyncIterable<Uint8Array>, { offset, maxBytes }: AppendOptions): Promise<number> {
    const file = await open(this.pathOf(id), 'r+');
    const room = new RoomWatch(() => this.checkRoom(0));
    let length = offset;
    try {
      for await (const chunk of bytes) {
        if (length + chunk.byteLength > offset + maxBytes) {
          throw new KilnError('upload.over_limit', `more bytes came than the upload was announced with`);
        }
        for (let written = 0; written < chunk.byteLength; ) {
          written += (await file.write(chunk, written, chunk.byteLength - written, length + written)).bytesWritten;
        }
        length += chunk.byteLength;
        await room.wrote(chunk.byteLength);
      }
      return length;
    } catch (error) {
      const isRefused = error instanceof KilnError && ['upload.over_limit', 'storage.full'].includes(error.code);
      if (isRefused || isDiskFull(error)) await file.truncate(offset);
      return asStorageError(error);
    } finally {
      await file.close();
    }
  }

  async remove(id: string): Promise<void> {
    await rm(this.pathOf(id), { force: true });
  }

  /** Ids of all files, whether the store knows their upload or not. */
  async list(): Promise<string[]> {
    try {
      return (await readdir(this.#folder)).filter(isUploadId);
    } catch (error) {
      if (errorCodeOf(error) === 'ENOENT') return [];
      throw error;
    }
  }

  pathOf(id: string): string {
    // The only place where an id becomes a path.
    if (!isUploadId(id)) throw new Error('not the id of an upload');
    return join(this.#folder, id);
  }
}

const isUploadId = (name: string) => /^upl_[0-9a-z]{20}$/.test(name);

function asStorageError(error: unknown): never {
  throw isDiskFull(error) ? storageFull(error) : error;
}

const storageFull = (cause?: unknown) =>
  new KilnError('storage.full', 'the farm’s disk is full: nothing was kept of this request; send it again later', {
    cause,
  });
