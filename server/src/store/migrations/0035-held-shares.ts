import { type Kysely, sql } from 'kysely';

/** What counts of what tenants and users hold, beside what they have had: only the leader knows how long it takes. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table tenants add column held_slot_sec double precision not null default 0`.execute(db);
  await sql`alter table user_shares add column held_slot_sec double precision not null default 0`.execute(db);
}
