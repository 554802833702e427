import { statfs } from 'node:fs/promises';
import { KilnError } from '@kiln/shared';
import { SERVER_LIMITS } from '../limits.ts';

/** @param reserveBytes of the folder's disk that are left free. @returns bytes that may still be written; 0 or less: none. */
export async function freeBytes(folder: string, reserveBytes: number): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize - reserveBytes;
}

/**
 * @param reserveBytes as in `freeBytes`.
 * @throws KilnError `storage.full` with the figures when fewer than `neededBytes` may still be written.
 */
export async function requireRoom(folder: string, reserveBytes: number, neededBytes: number): Promise<void> {
  const free = await freeBytes(folder, reserveBytes);
  if (free >= neededBytes) return;
  throw new KilnError(
    'storage.full',
    `the farm’s disk has no room: ${free + reserveBytes} bytes are free, KILN_DISK_RESERVE_BYTES keeps ${reserveBytes} of ` +
      `them, and ${neededBytes} are needed; nothing was kept of this request: its operator must free space, or lower that`,
  );
}

/**
 * Has the disk looked at every few MiB that all its writers write together, and once a second when something is begun: what
 * others fill it with is seen, and many small writes do not each ask.
 */
export class RoomWatch {
  readonly #checkRoom: () => Promise<void>;
  #unchecked = 0;
  #checkedAtMs = Number.NEGATIVE_INFINITY;

  /** @param checkRoom throws when the disk has no room left. */
  constructor(checkRoom: () => Promise<void>) {
    this.#checkRoom = checkRoom;
  }

  /** Before something is written. */
  async begin(): Promise<void> {
    if (performance.now() - this.#checkedAtMs >= SERVER_LIMITS.roomCheckMs) await this.#check();
  }

  async wrote(bytes: number): Promise<void> {
    this.#unchecked += bytes;
    if (this.#unchecked >= SERVER_LIMITS.roomCheckBytes) await this.#check();
  }

  /** A disk that was full is looked at again for whatever comes next. */
  async #check(): Promise<void> {
    this.#unchecked = 0;
    this.#checkedAtMs = Number.NEGATIVE_INFINITY;
    await this.#checkRoom();
    this.#checkedAtMs = performance.now();
  }
}
