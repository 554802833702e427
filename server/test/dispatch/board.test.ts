/** What the leader remembers between passes, when something changes while it reads. */
import type { Kysely, KyselyPlugin } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Board } from '../../src/dispatch/board.ts';
import { ShareBook } from '../../src/dispatch/share-book.ts';
import type { Database } from '../../src/store/tables.ts';
import { IDENTITY } from '../fake-worker.ts';
import { makeId } from '../farm-fixture.ts';
import { addJobRows, addSceneRow } from '../job-rows.ts';
import { openTestStore, type TestStore } from '../store-fixture.ts';

let opened: TestStore;

beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened?.dispose());

/** @param read is called when each query has its rows, before they are given on. */
const watched = (db: Kysely<Database>, read: () => void): Kysely<Database> =>
  db.withPlugin({
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      read();
      return result;
    },
  } satisfies KyselyPlugin);

async function addWorkerRow(db: Kysely<Database>): Promise<void> {
  await db
    .insertInto('workers')
    .values({
      id: makeId('worker'),
      secret_hash: makeId('worker'),
      identity: JSON.stringify(IDENTITY),
      status: null,
      state: 'ready',
      seen_at: new Date(),
    })
    .execute();
}

test('what is told while the board reads is seen by the next pass', async () => {
  const { db } = opened.store;
  const scene = await addSceneRow(db);
  await addWorkerRow(db);
  await addJobRows(db, scene);
  let queries = 0;
  const board: Board = new Board({
    db: watched(db, () => {
      queries += 1;
      if (queries === 1) board.forgetWorkers();
      if (queries === 4) board.forgetWork();
    }),
    leaseMs: 60_000,
    shares: new ShareBook({ db, halfLifeMs: 60_000, monotonicMs: () => 0 }),
    taskMs: () => null,
  });
  const first = await board.look(new Set());
  expect([first?.workers.length, first?.candidates.length]).toEqual([1, 1]);
  expect(queries).toBe(4);
  // Of these the board was told while it read: its rows do not have them.
  await addJobRows(db, scene);
  await addWorkerRow(db);
  const second = await board.look(new Set());
  expect([second?.workers.length, second?.candidates.length]).toEqual([2, 2]);
});
