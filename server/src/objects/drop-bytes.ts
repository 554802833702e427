import type { Kysely } from 'kysely';
import type { Database } from '../store/tables.ts';
import type { ObjectStore } from './object-store.ts';

/**
 * Removes bytes that have no row in `objects`; does nothing when they have one.
 *
 * While the bytes go, a row of their hash stands in this transaction, so whoever records the same bytes waits for it and
 * then looks whether they are still there (`recordObject`). A crash in between leaves no row, and bytes or none: garbage
 * for the sweep, never a row without bytes.
 *
 * @param olderThan bytes that were stored since are left alone: they may be about to be recorded. Absent: any age.
 * @returns whether bytes were removed.
 */
export function dropBytes(
  db: Kysely<Database>,
  objects: ObjectStore,
  sha256: string,
  olderThan?: Date,
): Promise<boolean> {
  return db.transaction().execute(async (tx) => {
    const guard = await tx
      .insertInto('objects')
      .values({ sha256, size_bytes: 0, unreferenced_at: null })
      .onConflict((conflict) => conflict.doNothing())
      .returning('sha256')
      .executeTakeFirst();
    if (guard === undefined) return false;
    const storedAt = await objects.storedAt(sha256);
    const isOld = storedAt !== null && (olderThan === undefined || storedAt < olderThan);
    if (isOld) await objects.delete(sha256);
    await tx.deleteFrom('objects').where('sha256', '=', sha256).execute();
    return isOld;
  });
}
