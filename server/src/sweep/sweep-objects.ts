import { type Kysely, sql } from 'kysely';
import { dropBytes } from '../objects/drop-bytes.ts';
import { lockTenant } from '../scenes/find-scene.ts';
import { isClaimUsed, isUnreferenced } from '../scenes/release-objects.ts';
import { sqlState } from '../store/sql-state.ts';
import type { Database } from '../store/tables.ts';
import type { SweepParts, SweepTimes } from './sweep-parts.ts';

/** Rows of one transaction: short enough that nobody waits for it. */
const BATCH = 200;
const FOREIGN_KEY_VIOLATION = '23503';

export interface Swept {
  readonly count: number;
  readonly bytes: number;
}

/** Objects that nothing refers to, and before them what tenants sent and no scene of theirs needs. */
export async function sweepObjects(parts: SweepParts, times: SweepTimes, dryRun: boolean): Promise<Swept> {
  const { store, objects, log } = parts.services;
  const { db } = store;
  if (dryRun) {
    const { rows } = await sql<{ count: number; bytes: number }>`
      select count(*) as count, coalesce(sum(size_bytes), 0)::bigint as bytes from objects
      where unreferenced_at < ${times.objects} and ${isUnreferenced}`.execute(db);
    return { count: Number(rows[0]?.count ?? 0), bytes: Number(rows[0]?.bytes ?? 0) };
  }
  await releaseUnused(db, times);
  await mark(db, times.now);
  let swept: Swept = { count: 0, bytes: 0 };
  for (let after = ''; ; ) {
    const candidates = await db
      .selectFrom('objects')
      .select('sha256')
      .where('unreferenced_at', '<', times.objects)
      .where('sha256', '>', after)
      .orderBy('sha256')
      .limit(BATCH)
      .execute();
    const last = candidates.at(-1);
    if (last === undefined) return swept;
    after = last.sha256;
    for (const { sha256 } of candidates) {
      const sizeBytes = await deleteRow(db, sha256, times);
      if (sizeBytes === null) continue;
      await dropBytes(db, objects, sha256, times.objects);
      log.debug({ sha256, sizeBytes }, 'an object was swept');
      swept = { count: swept.count + 1, bytes: swept.bytes + sizeBytes };
    }
  }
}

/** A tenant's claim to bytes that none of its scenes uses ends a day after it sent them. */
async function releaseUnused(db: Kysely<Database>, times: SweepTimes): Promise<void> {
  const tenants = await db.selectFrom('tenants').select('id').execute();
  for (const { id } of tenants) {
    await db.transaction().execute(async (tx) => {
      await lockTenant(tx, id);
      await sql`
        delete from tenant_objects t
        where t.tenant_id = ${id} and t.created_at < ${times.objects} and not ${isClaimUsed}`.execute(tx);
    });
  }
}

/**
 * The clock of what is unreferenced starts with the first sweep that sees it, and stops when somebody refers to it. A
 * sixteenth at a time: PGlite answers nobody else meanwhile.
 */
async function mark(db: Kysely<Database>, now: Date): Promise<void> {
  for (const digit of '0123456789abcdef') {
    await sql`
      update objects set unreferenced_at = case when unreferenced_at is null then ${now}::timestamptz end
      where sha256 >= ${digit} and sha256 < ${`${digit}g`}
        and (unreferenced_at is null) = (${isUnreferenced})`.execute(db);
  }
}

/** Looks again in the statement that deletes. @returns its size, or null when somebody refers to it after all. */
async function deleteRow(db: Kysely<Database>, sha256: string, times: SweepTimes): Promise<number | null> {
  try {
    const row = await db
      .deleteFrom('objects')
      .where('sha256', '=', sha256)
      .where('unreferenced_at', '<', times.objects)
      .where(isUnreferenced)
      .returning('size_bytes')
      .executeTakeFirst();
    return row?.size_bytes ?? null;
  } catch (error) {
    // Somebody referred to it at this very moment: its foreign key holds the row.
    if (sqlState(error) === FOREIGN_KEY_VIOLATION) return null;
    throw error;
  }
}
