import { type Kysely, sql } from 'kysely';

/** How many tasks of a job may fail before it stops, how many have, and whether it has stopped. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table jobs
    add column max_failed_tasks integer,
    add column tasks_failed integer not null default 0,
    add column stopped boolean not null default false`.execute(db);
  await sql`update jobs j set tasks_failed = (
      select count(*) from tasks t
      where t.job_id = j.id and t.kind in ('render', 'assemble') and t.feeds is null and t.state = 'failed')
    where frames_failed > 0`.execute(db);
}
