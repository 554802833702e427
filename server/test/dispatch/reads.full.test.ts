/** How much of a large database a decision reads, by PostgreSQL's own count: blocks, which no other load changes. */
import { Kysely, sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addFarm, SHAPES } from '../../bench/shapes.ts';
import { DISPATCH_LIMITS } from '../../src/dispatch/limits.ts';
import type { Reach } from '../../src/dispatch/reach.ts';
import { readCursors, readUsage, readWaiting } from '../../src/dispatch/snapshot.ts';
import { postgresDialect } from '../../src/store/postgres.ts';
import type { Database } from '../../src/store/tables.ts';
import { findPostgres, startPostgres, type TestPostgres } from '../postgres.ts';
import { openTestStore, type TestStore } from '../store-fixture.ts';

const HERE: Reach = { classes: ['0123456789abcdef'], unmet: [] };

const bin = await findPostgres();
const TASKS = 100_000;
const MOST = DISPATCH_LIMITS.candidatesPerTenant;

describe.skipIf(bin === null)('a decision', () => {
  let postgres: TestPostgres;
  let opened: TestStore;
  let db: Kysely<Database>;
  /** The statement that was sent last, and what it was sent with. */
  let sent: { readonly sql: string; readonly parameters: readonly unknown[] };

  beforeAll(async () => {
    postgres = await startPostgres(bin ?? '');
    const url = await postgres.createDatabase();
    opened = await openTestStore(url);
    db = new Kysely<Database>({
      dialect: postgresDialect(url, () => {}),
      log: ({ query }) => {
        sent = query;
      },
    });
  });
  afterAll(async () => {
    await db?.destroy();
    await opened?.dispose();
    await postgres?.stop();
  });
  beforeEach(async () => {
    await sql`truncate tenants, events, workers cascade`.execute(db);
    await addFarm(db, {}, 1);
  });

  async function have(shape: keyof typeof SHAPES, tasks: number): Promise<void> {
    await write((trx) => SHAPES[shape](trx, tasks));
  }

  /** However long it takes. */
  async function write(change: (trx: Kysely<Database>) => Promise<unknown>): Promise<void> {
    await db.transaction().execute(async (trx) => {
      await sql`set local statement_timeout = 0`.execute(trx);
      await change(trx);
    });
    await sql`vacuum analyze`.execute(db);
  }

  async function blocksOf(read: (from: Kysely<Database>) => Promise<readonly unknown[]>) {
    const { length } = await read(db);
    const { sql: text, parameters } = sent;
    const answer = await db.executeQuery<{
      'QUERY PLAN': readonly [{ readonly Plan: Readonly<Record<string, number>> }];
    }>({
      ...sql`select`.compile(db),
      sql: `explain (analyze, buffers, format json) ${text}`,
      parameters,
    });
    const plan = answer.rows[0]?.['QUERY PLAN'][0].Plan ?? {};
    return { rows: length, blocks: (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0) };
  }

  test('reads of 100,000 tasks that are tried again those that it looks at', async () => {
    await have('retried', TASKS);
    const waiting = await blocksOf((db) => readWaiting(db, HERE));
    expect(waiting.rows).toBe(MOST);
    expect(waiting.blocks).toBeLessThan(1_000);
    expect((await blocksOf(readUsage)).blocks).toBeLessThan(100);
    // None may begin yet: those are passed over by the index, not one by one.
    await write((trx) => sql`update tasks set not_before = now() + interval '29 seconds'`.execute(trx));
    const resting = await blocksOf((db) => readWaiting(db, HERE));
    expect(resting.rows).toBe(0);
    expect(resting.blocks).toBeLessThan(100);
    // All but one are done.
    await write((trx) =>
      sql`
        update tasks set state = case when id = 'task_1' then 'waiting' else 'succeeded' end, not_before = null`.execute(
        trx,
      ),
    );
    const last = await blocksOf((db) => readWaiting(db, HERE));
    expect(last.rows).toBe(1);
    expect(last.blocks).toBeLessThan(100);
  });

  test('looks up what layers have ready that need others until it has enough', async () => {
    await have('needs', 10 * TASKS);
    const { rows, blocks } = await blocksOf((db) => readCursors(db, HERE));
    expect(rows).toBe(MOST);
    // The jobs and layers themselves are 300.
    expect(blocks).toBeLessThan(1_000);
  });

  test('looks up what layers have ready that need those of other jobs until it has enough', async () => {
    await have('needs-jobs', 10 * TASKS);
    const { rows, blocks } = await blocksOf((db) => readCursors(db, HERE));
    expect(rows).toBe(MOST);
    // There are twice as many jobs.
    expect(blocks).toBeLessThan(2_000);
  });

  test('looks up once what many jobs come after', async () => {
    await have('after', 10 * TASKS);
    const { rows, blocks } = await blocksOf((db) => readCursors(db, HERE));
    expect(rows).toBe(1);
    expect(blocks).toBeLessThan(600);
  });
});
