import { type Kysely, sql } from 'kysely';

/** The sample that an attempt goes on from, where others had delivered those before it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table attempts add column resumed_from_sample integer`.execute(db);
}
