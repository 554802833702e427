import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `create table limits (
    tenant_id text references tenants, name text not null, max_tasks integer, max_per_host integer,
    changed_at timestamptz not null default now())`,
  `create unique index limits_by_name on limits (name, coalesce(tenant_id, ''))`,
  `alter table jobs
    add column limits jsonb, add column max_slots integer, add column max_per_host integer,
    add column terms_version integer not null default 0, add column terms_at timestamptz`,
  `alter table layers add column limits jsonb`,
  `alter table attempts add column host text, add column limits jsonb`,
];

/** Limits that the operator names, what jobs allow of themselves, and what each lease counts for, and where. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
