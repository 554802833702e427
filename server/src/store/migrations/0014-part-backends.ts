import { type Kysely, sql } from 'kysely';

/** The graphics interface that drew a part of a frame; null in parts of before. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table pieces add column backend text`.execute(db);
}
