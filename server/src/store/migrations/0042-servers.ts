import { type Kysely, sql } from 'kysely';

/** Which servers are there, and where they reach each other. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table servers (
      id text primary key, url text not null, place text not null, seen_at timestamptz not null
    )`.execute(db);
}
