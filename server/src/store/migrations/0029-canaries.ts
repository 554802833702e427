import { type Kysely, sql } from 'kysely';

/** Workers that are suspended draw a canary, and are given nothing before it is right. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table workers
    add column suspended_for text check (suspended_for in ('tasks', 'canary')),
    add column canary_due boolean not null default false`.execute(db);
  await sql`update workers set suspended_for = 'tasks' where suspended_until is not null`.execute(db);
}
