import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Kysely, sql } from 'kysely';
import type { Logger } from 'pino';
import { lockFolder } from './folder-lock.ts';
import { advisoryLeaderLock, soleLeaderLock } from './leader-lock.ts';
import { migrate } from './migrate.ts';
import { PgliteClient, startPgliteThread } from './pglite-client.ts';
import { pgliteDialect } from './pglite-dialect.ts';
import { postgresDialect } from './postgres.ts';
import type { Store } from './store.ts';
import type { Database } from './tables.ts';

export interface StoreConfig {
  /** Folder of this farm's state; PGlite's is `pg` in it. */
  readonly home: string;
  /** Null: PGlite. */
  readonly databaseUrl: string | null;
}

const ping = (db: Kysely<Database>) => async () => void (await sql`select 1`.execute(db));

/**
 * Opens the store and brings its tables up to date.
 *
 * @param onLost called once when PGlite ends by itself; PostgreSQL is connected to again.
 * @throws FolderLockedError when another process has PGlite's folder; any error of the database.
 */
export function openStore(config: StoreConfig, log: Logger, onLost?: (error: Error) => void): Promise<Store> {
  const { home, databaseUrl } = config;
  return databaseUrl === null ? openPglite(join(home, 'pg'), onLost) : openPostgres(databaseUrl, log);
}

async function openPglite(folder: string, onLost?: (error: Error) => void): Promise<Store> {
  const lock = await lockFolder(folder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const db = new Kysely<Database>({ dialect: pgliteDialect(new PgliteClient(startPgliteThread(folder), onLost)) });
  const close = async () => {
    try {
      await db.destroy();
    } finally {
      await lock.release();
    }
  };
  try {
    await migrate(db);
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
  return { kind: 'pglite', db, leaderLock: soleLeaderLock(db), ping: ping(db), close };
}

async function openPostgres(databaseUrl: string, log: Logger): Promise<Store> {
  const dialect = postgresDialect(databaseUrl, (error) => log.warn({ err: error }, 'a database connection broke'));
  const db = new Kysely<Database>({ dialect });
  try {
    await migrate(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  const leader = advisoryLeaderLock(db, databaseUrl);
  const close = async () => {
    await leader.close();
    await db.destroy();
  };
  return { kind: 'postgres', db, leaderLock: leader.lock, ping: ping(db), close };
}
