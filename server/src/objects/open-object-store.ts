import { join } from 'node:path';
import type { ServerConfig } from '../config/server-config.ts';
import type { RandomBytes } from '../services.ts';
import type { Store } from '../store/store.ts';
import { checkFolderId } from './folder-id.ts';
import { openFolderObjectStore } from './folder-object-store.ts';
import type { ObjectStore } from './object-store.ts';

/** @throws Error when the bucket or folder cannot be used, or belongs to another database. */
export async function openObjectStore(
  { home, s3, diskReserveBytes }: Pick<ServerConfig, 'home' | 's3' | 'diskReserveBytes'>,
  { db, kind }: Pick<Store, 'db' | 'kind'>,
  random: RandomBytes,
): Promise<ObjectStore> {
  if (s3 !== null) {
    // Loaded where it is wanted: it takes a third of a second.
    const { openBucket } = await import('./open-bucket.ts');
    return openBucket(s3, db, random);
  }
  const folder = join(home, 'objects');
  const objects = await openFolderObjectStore(folder, diskReserveBytes);
  // PGlite's own folder goes with the objects'; a PostgreSQL may be shared by servers that do not share a disk.
  if (kind === 'postgres') await checkFolderId(db, folder, random);
  return objects;
}
