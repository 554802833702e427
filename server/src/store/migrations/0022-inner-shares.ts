import { type Kysely, sql } from 'kysely';

/** What users of a tenant have had of its slots; and when something of a job was last given out. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table user_shares (
    tenant_id text not null references tenants, user_name text not null, used_slot_sec double precision not null,
    used_at timestamptz not null default now(), primary key (tenant_id, user_name))`.execute(db);
  await sql`alter table jobs add column given_at timestamptz`.execute(db);
}
