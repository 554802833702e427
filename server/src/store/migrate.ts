import { type Kysely, type Migration, Migrator } from 'kysely';
import { up as firstLight } from './migrations/0001-first-light.ts';
import type { Database } from './tables.ts';

/** In the order of their names. A migration that was released is never changed. */
const MIGRATIONS: Readonly<Record<string, Migration>> = { '0001-first-light': { up: firstLight } };

/**
 * Brings the tables up to date. Safe with several servers starting at once: Kysely's migrator takes an advisory lock.
 *
 * @throws when the database is newer than this build, or a migration fails; it is rolled back then.
 */
export async function migrate(db: Kysely<Database>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw new Error('the database could not be brought up to date', { cause: error });
}
