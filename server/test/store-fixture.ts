/** Fresh stores for tests: PGlite in a temporary folder, or a new database of a PostgreSQL that the test file started. */
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Logger, pino } from 'pino';
import { openStore } from '../src/store/open-store.ts';
import { PgliteClient, startPgliteThread } from '../src/store/pglite-client.ts';
import type { Store } from '../src/store/store.ts';
import { copyDatabase, dropDatabase } from './postgres.ts';

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

/** @param databaseUrl of an empty database (`TestPostgres.createDatabase`); null: PGlite; absent: what tests run on. */
export async function openTestStore(databaseUrl?: string | null): Promise<TestStore> {
  const folder = await temporaryFolder();
  if (databaseUrl === null) await placePglite(folder.path);
  const placed = databaseUrl === undefined ? await placeStore(folder.path) : null;
  const config = { home: folder.path, databaseUrl: databaseUrl ?? placed };
  const store = await openStore(config, quietLog);
  return {
    store,
    config,
    dispose: async () => {
      await store.close();
      if (placed !== null) await dropDatabase(placed);
      await folder.remove();
    },
  };
}

/**
 * Tests run on copies of the database at KILN_TEST_DATABASE_URL, which `on-postgres.ts` makes, or on PGlite.
 *
 * @returns the URL of the copy, for `dropDatabase`; null: PGlite, which lies ready under `home`, its tables made.
 */
export async function placeStore(home: string): Promise<string | null> {
  const url = process.env.KILN_TEST_DATABASE_URL;
  if (url !== undefined) return copyDatabase(url);
  await placePglite(home);
  return null;
}

/** Puts a PGlite with its tables under `home`. */
export async function placePglite(home: string): Promise<void> {
  await cp(await pgliteWithTables(), join(home, 'pg'), { recursive: true });
}

/**
 * Puts an initialised, empty PGlite under `home`, copied from one that is made once per version: `initdb` inside PGlite
 * takes some 8 s, the copy 0.1 s.
 */
export async function placeEmptyPglite(home: string): Promise<void> {
  await cp(await emptyPglite(), join(home, 'pg'), { recursive: true });
}

async function emptyPglite(): Promise<string> {
  const { version } = JSON.parse(await readFile(join(PGLITE_FOLDER, 'package.json'), 'utf8'));
  return template(`pglite-${version}`, async (folder) => {
    const client = new PgliteClient(startPgliteThread(join(folder, 'pg')));
    await client.query('select 1', []);
    await client.close();
  });
}

/** Made once for each set of migrations: they take a cold PGlite seconds. */
async function pgliteWithTables(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of (await readdir(MIGRATIONS)).sort()) hash.update(await readFile(join(MIGRATIONS, name)));
  const empty = await emptyPglite();
  return template(`${basename(empty)}-${hash.digest('hex').slice(0, 16)}`, async (folder) => {
    await placeEmptyPglite(folder);
    const store = await openStore({ home: folder, databaseUrl: null }, quietLog);
    await store.close();
  });
}

const PGLITE_FOLDER = dirname(dirname(createRequire(import.meta.url).resolve('@electric-sql/pglite')));
const CACHE = join(PGLITE_FOLDER, '../../.cache/kiln-test');
const MIGRATIONS = fileURLToPath(new URL('../src/store/migrations', import.meta.url));

/** The folder of that name; where it is missing, the `pg` that `make` leaves in another one. */
async function template(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const path = join(CACHE, name);
  if (await exists(path)) return path;
  await mkdir(CACHE, { recursive: true });
  const making = await mkdtemp(join(CACHE, 'making-'));
  await make(making);
  // Another test process may have been quicker: then its folder stands, and this one goes.
  await rename(join(making, 'pg'), path).catch(async (error: unknown) => {
    if (!(await exists(path))) throw error;
  });
  await rm(making, { recursive: true, force: true });
  return path;
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );
