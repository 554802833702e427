import { type Kysely, sql } from 'kysely';

/** How long workers may draw for a token, seconds; null: as long as its sessions take. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table view_tokens add column max_drawn_sec integer`.execute(db);
}
