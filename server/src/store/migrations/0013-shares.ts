import { type Kysely, sql } from 'kysely';

/** What of the slots a tenant may have, and what it has had of them lately. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table tenants
    add column share_weight double precision not null default 1,
    add column min_slots integer not null default 0,
    add column max_slots integer,
    add column limits_at timestamptz,
    add column used_slot_sec double precision not null default 0,
    add column used_at timestamptz not null default now()`.execute(db);
  await sql`create index attempts_by_end on attempts (ended_at) where ended_at is not null`.execute(db);
}
