/**
 * Set-up of the fast tests: a PostgreSQL of their own, where there is one, with a database whose tables are made. On it they take half
 * the time that they take on PGlite, where `npm run test:full` runs them: both are what farms run on.
 */
import type { TestProject } from 'vitest/node';
import { openStore } from '../src/store/open-store.ts';
import { findPostgres, startPostgres } from './postgres.ts';
import { quietLog, temporaryFolder } from './store-fixture.ts';

/** @returns what ends it. */
export default async function setUp({ vitest }: TestProject): Promise<() => Promise<void>> {
  const isGiven = process.env.KILN_TEST_DATABASE_URL !== undefined;
  const isFull = vitest.projects.some(({ name }) => name === 'full');
  const bin = isGiven || isFull ? null : await findPostgres();
  if (!bin) return async () => {};
  const postgres = await startPostgres(bin);
  const databaseUrl = await postgres.createDatabase();
  const home = await temporaryFolder();
  const store = await openStore({ home: home.path, databaseUrl }, quietLog);
  await store.close();
  await home.remove();
  process.env.KILN_TEST_DATABASE_URL = databaseUrl;
  return postgres.stop;
}
