import { type Kysely, sql } from 'kysely';

/**
 * Jobs whose layers others wait for, and the order in which a layer's frames are drawn, of those that wait for the same frames of
 * another job's. What a layer requires beside its job; of jobs of before, all that it does where its others require something else.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table jobs add column needed_jobs jsonb`.execute(db);
  await sql`alter table layers add column frame_order jsonb`.execute(db);
  await sql`alter table layers add column own_requires jsonb`.execute(db);
  await sql`
    update layers l set own_requires = requires
    where requires is not null and exists (
      select from layers o where o.job_id = l.job_id and o.requires is distinct from l.requires)`.execute(db);
  await sql`create index jobs_needing on jobs (state) where needed_jobs is not null`.execute(db);
}
