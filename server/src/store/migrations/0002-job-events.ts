import { type Kysely, sql } from 'kysely';

/** Earlier events of a job are deleted as newer ones come. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index events_of_jobs on events (job_id) where type = 'job'`.execute(db);
}
