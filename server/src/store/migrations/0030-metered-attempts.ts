import { type QueryExecutorProvider, sql } from 'kysely';

/** Attempts that have ended since this version are metered, each once; those of before count as metered. */
export async function up(db: QueryExecutorProvider): Promise<void> {
  // The rows of before are not written anew: the default that they got is kept beside the column.
  await sql`alter table attempts add column is_metered boolean not null default true`.execute(db);
  await sql`alter table attempts alter column is_metered set default false`.execute(db);
  await sql`update attempts set is_metered = false where state in ('assigned', 'running')`.execute(db);
  await sql`create index attempts_unmetered on attempts (ended_at, id)
    where ended_at is not null and not is_metered`.execute(db);
  await sql`delete from farm_state where key = 'metered_until_ms'`.execute(db);
}
