import { type Kysely, sql } from 'kysely';

/** Who submitted a job, and its labels, by which it is found. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table jobs add column user_name text, add column tags jsonb`.execute(db);
  await sql`create index jobs_by_tag on jobs using gin (tags) where tags is not null`.execute(db);
}
