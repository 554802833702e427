import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PgliteClient, startPgliteThread } from '../../src/store/pglite-client.ts';
import { isStoreUnavailable } from '../../src/store/sql-state.ts';
import { placeEmptyPglite, temporaryFolder } from '../store-fixture.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let lost: Error[];

beforeEach(async () => {
  folder = await temporaryFolder();
  lost = [];
  await placeEmptyPglite(folder.path);
});
afterEach(() => folder.remove());

function open() {
  const thread = startPgliteThread(join(folder.path, 'pg'));
  return { thread, client: new PgliteClient(thread, (error) => lost.push(error)) };
}

test('a thread that ends by itself is told of once, and its database is unavailable from then on', async () => {
  const { thread, client } = open();
  await client.query('select 1', []);
  const underWay = client.query('select pg_sleep(3600)', []).catch((error: unknown) => error);
  await thread.terminate();
  expect(isStoreUnavailable(await underWay)).toBe(true);
  expect(isStoreUnavailable(await client.query('select 1', []).catch((error: unknown) => error))).toBe(true);
  expect(lost).toHaveLength(1);
});

test('a thread that is closed is no loss', async () => {
  const { client } = open();
  await client.query('select 1', []);
  await client.close();
  expect(lost).toEqual([]);
});
