import { type Kysely, sql } from 'kysely';

/** What another server goes on with; null: who opened the session, and nothing that is shown. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table sessions add column kept jsonb`.execute(db);
}
