import { type Kysely, sql } from 'kysely';

/** How often a task that was done was asked for anew. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table tasks add column redone integer not null default 0`.execute(db);
}
