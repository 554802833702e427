import { type Kysely, sql } from 'kysely';

/** Frames that were done and were forgotten, to be drawn anew. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table jobs add column frames_redrawn integer not null default 0`.execute(db);
}
