/** Fresh stores for tests: PGlite in a temporary folder, or a new database of a PostgreSQL that the test file started. */
import { cp, mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Logger, pino } from 'pino';
import { openStore } from '../src/store/open-store.ts';
import { PgliteClient, startPgliteThread } from '../src/store/pglite-client.ts';
import type { Store } from '../src/store/store.ts';
import { createDatabaseAt } from './postgres.ts';

/** Says nothing; errors still fail the test that awaits them. */
export const quietLog: Logger = pino({ level: 'silent' });

export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'kiln-test-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

export interface TestStore {
  readonly store: Store;
  /** What a second opener needs to reach the same store. */
  readonly config: { readonly home: string; readonly databaseUrl: string | null };
  dispose(): Promise<void>;
}

/** @param databaseUrl of an empty database (`TestPostgres.createDatabase`); absent: what tests run on. */
export async function openTestStore(databaseUrl?: string | null): Promise<TestStore> {
  const folder = await temporaryFolder();
  const config = { home: folder.path, databaseUrl: databaseUrl ?? (await placeEmptyStore(folder.path)) };
  const store = await openStore(config, quietLog);
  return {
    store,
    config,
    dispose: async () => {
      await store.close();
      await folder.remove();
    },
  };
}

/**
 * Tests run on PGlite, or on new databases of the PostgreSQL at KILN_TEST_DATABASE_URL: `on-postgres.full.test.ts` runs
 * them so.
 *
 * @returns the URL of the database; null: PGlite, which lies ready under `home`.
 */
export async function placeEmptyStore(home: string): Promise<string | null> {
  const url = process.env.KILN_TEST_DATABASE_URL;
  if (url !== undefined) return createDatabaseAt(url);
  await placeEmptyPglite(home);
  return null;
}

/**
 * Puts an initialised, empty PGlite under `home`, copied from one that is made once per version: `initdb` inside PGlite
 * takes some 8 s, the copy 0.1 s.
 */
export async function placeEmptyPglite(home: string): Promise<void> {
  await cp(await emptyPglite(), join(home, 'pg'), { recursive: true });
}

async function emptyPglite(): Promise<string> {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const packageFolder = dirname(dirname(entry));
  const { version } = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8'));
  const cache = join(packageFolder, '../../.cache/kiln-test');
  const template = join(cache, `pglite-${version}`);
  if (await exists(template)) return template;

  await mkdir(cache, { recursive: true });
  const making = await mkdtemp(join(cache, 'making-'));
  const client = new PgliteClient(startPgliteThread(join(making, 'pg')));
  await client.query('select 1', []);
  await client.close();
  // Another test process may have been quicker: then its folder stands, and this one goes.
  await rename(join(making, 'pg'), template).catch(async (error: unknown) => {
    if (!(await exists(template))) throw error;
  });
  await rm(making, { recursive: true, force: true });
  return template;
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );
