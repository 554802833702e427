import { type Kysely, sql } from 'kysely';

/** How many samples of a live view the frame of a job begins with. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table jobs add column reused_samples integer not null default 0`.execute(db);
}
