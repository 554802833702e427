/** Fresh stores for tests: PGlite in a temporary folder, or a new database of a PostgreSQL that the test file started. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { openStore } from '../src/store/open-store.ts';
import type { Store } from '../src/store/store.ts';

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

/** @param databaseUrl of an empty database (`TestPostgres.createDatabase`); absent: PGlite. */
export async function openTestStore(databaseUrl: string | null = null): Promise<TestStore> {
  const folder = await temporaryFolder();
  const config = { home: folder.path, databaseUrl };
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
