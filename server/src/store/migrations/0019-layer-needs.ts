import { type Kysely, sql } from 'kysely';

/** Layers of the same job that one waits for; null: none. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table layers add column needs jsonb`.execute(db);
}
