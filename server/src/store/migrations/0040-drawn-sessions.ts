import { type Kysely, sql } from 'kysely';

/** How long workers have drawn for live sessions, and how many samples a token may ask for. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table sessions add column drawn_sec double precision not null default 0`.execute(db);
  await sql`alter table view_tokens add column drawn_sec double precision not null default 0`.execute(db);
  await sql`alter table view_tokens add column max_samples int not null default 256`.execute(db);
}
