import { type QueryExecutorProvider, sql } from 'kysely';

/** What workers must have for a layer, and what its scene takes. */
export async function up(db: QueryExecutorProvider): Promise<void> {
  await sql.raw('alter table layers add column requires jsonb, add column scene_needs jsonb').execute(db);
}
