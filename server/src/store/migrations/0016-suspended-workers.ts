import { type Kysely, sql } from 'kysely';

/** Workers that failed at what others did are given nothing for a while. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table workers
    add column suspended_until timestamptz,
    add column suspensions integer not null default 0,
    add column watched_from timestamptz not null default now()`.execute(db);
  await sql`create index attempts_failed on attempts (worker_id, ended_at) where state = 'failed'`.execute(db);
}
