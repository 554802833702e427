import { type Kysely, sql } from 'kysely';

/** How many unfinished tasks a tenant may have; null: as many as the farm lets everybody have. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table tenants add column max_open_tasks integer`.execute(db);
}
