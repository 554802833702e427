/**
 * Set-up of the fast tests, with KILN_TEST_ON=postgres: a PostgreSQL of their own with a database whose tables are made. Without it
 * they run on PGlite: both are what farms run on.
 */
import { openStore } from '../src/store/open-store.ts';
import { findPostgres, startPostgres } from './postgres.ts';
import { quietLog, temporaryFolder } from './store-fixture.ts';

/** @returns what ends it. */
export default async function setUp(): Promise<() => Promise<void>> {
  if (process.env.KILN_TEST_ON !== 'postgres') return async () => {};
  const bin = await findPostgres();
  if (!bin) throw new Error('there is no PostgreSQL on this machine');
  const postgres = await startPostgres(bin);
  const databaseUrl = await postgres.createDatabase();
  const home = await temporaryFolder();
  const store = await openStore({ home: home.path, databaseUrl }, quietLog);
  await store.close();
  await home.remove();
  process.env.KILN_TEST_DATABASE_URL = databaseUrl;
  return postgres.stop;
}
