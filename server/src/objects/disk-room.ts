import { statfs } from 'node:fs/promises';
import { SERVER_LIMITS } from '../limits.ts';

/** @param reserveBytes of the folder's disk that are left free. @returns bytes that may still be written; 0 or less: none. */
export async function freeBytes(folder: string, reserveBytes: number): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize - reserveBytes;
}

/** Has the disk looked at again every few MiB while bytes are written: many writers fill it together. */
export class RoomWatch {
  readonly #checkRoom: () => Promise<void>;
  #unchecked = 0;

  /** @param checkRoom throws when the disk has no room left. */
  constructor(checkRoom: () => Promise<void>) {
    this.#checkRoom = checkRoom;
  }

  async wrote(bytes: number): Promise<void> {
    this.#unchecked += bytes;
    if (this.#unchecked < SERVER_LIMITS.roomCheckBytes) return;
    this.#unchecked = 0;
    await this.#checkRoom();
  }
}
