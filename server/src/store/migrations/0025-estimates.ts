import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `create table estimates (
    id text primary key, tenant_id text not null references tenants, scene_id text not null, key text not null,
    state text not null, probe_job_id text, layers jsonb not null, result jsonb, error jsonb,
    created_at timestamptz not null default now())`,
  `create index estimates_by_key on estimates (tenant_id, key, created_at desc)`,
  `create index estimates_open on estimates (created_at) where state = 'measuring'`,
  `create index estimates_by_probe on estimates (probe_job_id) where probe_job_id is not null`,
  `create table layer_use (
    layer_id text primary key, job_id text not null references jobs on delete cascade,
    slot_sec double precision not null default 0)`,
  `create index layer_use_by_job on layer_use (job_id)`,
  `create table job_costs (job_id text primary key references jobs on delete cascade, estimate jsonb)`,
];

/** What jobs take, in slot-seconds: measured, and thought of before. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
