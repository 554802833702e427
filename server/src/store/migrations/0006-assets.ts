import { type Kysely, sql } from 'kysely';

/** Uploads that are no scenes, for jobs to use beside theirs: environments and look-up tables. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table scenes add column kind text not null default 'scene'`.execute(db);
  await sql`create index scene_files_by_hash on scene_files (sha256)`.execute(db);
}
