/** Whether a farm's disk has room to work: what `npm start` and `kiln doctor` say when it has none. */
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface DiskRoom {
  readonly freeBytes: number;
  /** A sentence when the server would store nothing, because no more is free than it leaves free; null otherwise. */
  readonly shortage: string | null;
}

/** @param home of the farm; it need not be there yet. @param reserveBytes KILN_DISK_RESERVE_BYTES. */
export async function lookAtDisk(home: string, reserveBytes: number): Promise<DiskRoom> {
  let folder = home;
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  const shortage =
    freeBytes > reserveBytes
      ? null
      : `${mebibytes(freeBytes)} are free, and KILN_DISK_RESERVE_BYTES keeps ${mebibytes(reserveBytes)}: ` +
        'nothing can be uploaded or rendered until there is more';
  return { freeBytes, shortage };
}

const mebibytes = (bytes: number) => `${Math.round(bytes / 1_048_576)} MiB`;
