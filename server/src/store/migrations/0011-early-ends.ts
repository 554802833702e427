import { type Kysely, sql } from 'kysely';

/**
 * Parts of frames that noise or time ends before all their samples are drawn; and the longest time for a frame of each
 * layer, null in jobs of before: there it is the job's.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table pieces add column ended_by text, add column noise double precision,
    add column drawn_ms double precision`.execute(db);
  await sql`alter table layers add column frame_timeout_ms integer`.execute(db);
}
