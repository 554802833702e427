import { type QueryExecutorProvider, sql } from 'kysely';

/** Layers of before are all of 8 bits. */
export async function up(db: QueryExecutorProvider): Promise<void> {
  await sql`update layers set settings = settings || '{"bitDepth": 8}'::jsonb where not settings ? 'bitDepth'`.execute(
    db,
  );
}
