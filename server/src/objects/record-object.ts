import { KilnError } from '@kiln/shared';
import type { Transaction } from 'kysely';
import type { Database } from '../store/tables.ts';
import type { ObjectStore, StoredObject } from './object-store.ts';

/**
 * Records bytes that are durable in the object store, before something refers to them in the same transaction.
 *
 * A sweep that has an eye on the same bytes lets go of them, or has removed them already: it holds the row while it
 * removes bytes, this insert waits for it, and the look that follows tells which it was.
 *
 * @throws KilnError `storage.unavailable` when the bytes are gone again; sending them once more helps.
 */
export async function recordObject(
  tx: Transaction<Database>,
  objects: Pick<ObjectStore, 'has'>,
  object: StoredObject,
): Promise<void> {
  await tx
    .insertInto('objects')
    .values({ sha256: object.sha256, size_bytes: object.sizeBytes, unreferenced_at: null })
    .onConflict((conflict) => conflict.column('sha256').doUpdateSet({ unreferenced_at: null }))
    .execute();
  if (await objects.has(object.sha256)) return;
  throw new KilnError('storage.unavailable', 'the bytes were swept while they were being recorded: send them again');
}
