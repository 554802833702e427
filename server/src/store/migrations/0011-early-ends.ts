import { type Kysely, sql } from 'kysely';

/** Parts of frames that noise or time ends before all their samples are drawn. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table pieces add column ended_by text, add column noise double precision,
    add column drawn_ms double precision`.execute(db);
}
