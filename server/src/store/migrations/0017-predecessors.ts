import { type Kysely, sql } from 'kysely';

/** Jobs that one waits for; null: none. The index has only those that wait for any. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table jobs add column after_jobs jsonb`.execute(db);
  await sql`create index jobs_after on jobs (state) where after_jobs is not null`.execute(db);
}
