import { type Kysely, sql } from 'kysely';

/** Jobs that are held by their budgets may be paused, too; that one could not be measured is told once. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table job_costs
    add column is_paused boolean not null default false,
    add column is_told boolean not null default false`.execute(db);
}
