import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `alter table jobs add column archived_at timestamptz, add column purged_at timestamptz`,
  `create index jobs_purged on jobs (id) where purged_at is not null`,
  `create index jobs_over on jobs (ended_at) where ended_at is not null and purged_at is null`,
  `create table purged_jobs (
    id text primary key, tenant_id text not null references tenants, name text not null, frames_done integer not null,
    slot_sec double precision not null, created_at timestamptz not null, ended_at timestamptz,
    purged_at timestamptz not null)`,
  `create index attempts_logged on attempts (ended_at) where log <> '[]'::jsonb`,
];

/** Jobs that are put away, or deleted with all that they made. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
