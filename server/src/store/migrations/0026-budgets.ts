import { type Kysely, sql } from 'kysely';

/** What jobs may take, and those that are held because they would take more. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table job_costs
    add column budget text,
    add column budget_slot_sec double precision,
    add column hold text,
    add column is_approved boolean not null default false,
    add column estimate_id text`.execute(db);
  await sql`create index job_costs_held on job_costs (job_id) where hold = 'estimate'`.execute(db);
}
