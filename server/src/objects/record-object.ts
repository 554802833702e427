import type { Transaction } from 'kysely';
import type { Database } from '../store/tables.ts';
import type { StoredObject } from './object-store.ts';

/**
 * Records bytes that are durable in the object store. Somebody is about to refer to them in the same transaction, so a
 * sweep that had an eye on them lets go (its deletion waits for this row's lock and looks again).
 */
export async function recordObject(tx: Transaction<Database>, object: StoredObject): Promise<void> {
  await tx
    .insertInto('objects')
    .values({ sha256: object.sha256, size_bytes: object.sizeBytes, unreferenced_at: null })
    .onConflict((conflict) => conflict.column('sha256').doUpdateSet({ unreferenced_at: null }))
    .execute();
}
