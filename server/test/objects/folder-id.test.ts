/** A database and its folder of objects belong together. */
import { randomFillSync } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkFolderId } from '../../src/objects/folder-id.ts';
import { findPostgres, startPostgres } from '../postgres.ts';
import { startRedis } from '../redis.ts';
import { startTestServer } from '../server-fixture.ts';
import { openTestStore, type TestStore, temporaryFolder } from '../store-fixture.ts';

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened?.dispose());

const check = (folder: string) => checkFolderId(opened.store.db, folder, (bytes) => randomFillSync(bytes));

test('servers that start at once on one folder agree; another folder is refused', async () => {
  const folder = await temporaryFolder();
  const other = await temporaryFolder();
  await Promise.all([check(folder.path), check(folder.path), check(folder.path)]);
  expect(await readdir(folder.path)).toEqual(['folder-id']);
  await expect(check(other.path)).rejects.toThrow(/another folder than .*KILN_HOME/);
  await check(folder.path);
  await folder.remove();
  await other.remove();
});

const bin = await findPostgres();
if (bin === null) {
  test.skip('a second server: not run, because there is no PostgreSQL', () => {});
} else {
  test('a second server does not start on the same database with a home of its own', async () => {
    const postgres = await startPostgres(bin);
    const redis = await startRedis();
    const first = await temporaryFolder();
    const second = await temporaryFolder();
    const config = { databaseUrl: await postgres.createDatabase() };
    const fixture = await startTestServer({ redisUrl: redis.url, home: first.path, config });
    await expect(startTestServer({ redisUrl: redis.url, home: second.path, config })).rejects.toThrow('KILN_HOME');
    await (await startTestServer({ redisUrl: redis.url, home: first.path, config })).stop();
    await fixture.stop();
    await Promise.all([first.remove(), second.remove(), redis.stop(), postgres.stop()]);
  });
}
