/** The slot time of each attempt is counted once: whoever leads, several at once, and however late its end is seen. */
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readUsedSec } from '../../src/estimates/budget-rows.ts';
import { UseMeter } from '../../src/estimates/use-meter.ts';
import { up as addMeteredAttempts } from '../../src/store/migrations/0030-metered-attempts.ts';
import type { Database } from '../../src/store/tables.ts';
import { addAttemptRow, addJobRows, addSceneRow } from '../job-rows.ts';
import { findPostgres, startPostgres, type TestPostgres } from '../postgres.ts';
import { openTestStore, type TestStore } from '../store-fixture.ts';

type Db = Kysely<Database>;

const bin = await findPostgres();

describe('PGlite', () => contract(() => openTestStore(null)));

if (bin === null) {
  test.skip('PostgreSQL: not run, because /usr/lib/postgresql has none; install the package postgresql', () => {});
} else {
  describe('PostgreSQL', () => {
    let postgres: TestPostgres;
    beforeAll(async () => {
      postgres = await startPostgres(bin);
    });
    afterAll(() => postgres?.stop());
    contract(async () => openTestStore(await postgres.createDatabase()));

    test('an attempt whose row is locked is left to the next reading, and nobody waits', async () => {
      const { store, dispose } = await openTestStore(await postgres.createDatabase());
      const { db } = store;
      const meter = new UseMeter(db);
      const { jobId, taskIds } = await addJobRows(db, { ...(await addSceneRow(db)), tasks: 2, taskState: 'leased' });
      const [first = '', second = ''] = taskIds;
      const locked = await end(db, first);
      await end(db, second);
      await db.transaction().execute(async (trx) => {
        await sql`select from attempts where id = ${locked} for update`.execute(trx);
        await meter.read();
      });
      expect(await unmetered(db)).toEqual([locked]);
      expect(await readUsedSec(db, jobId)).toBeCloseTo(10);
      await meter.read();
      expect(await unmetered(db)).toEqual([]);
      expect(await readUsedSec(db, jobId)).toBeCloseTo(20);
      await dispose();
    });
  });
}

function contract(open: () => Promise<TestStore>) {
  let opened: TestStore;
  let db: Db;
  let job: { readonly jobId: string; readonly taskIds: readonly string[] };
  beforeAll(async () => {
    opened = await open();
    db = opened.store.db;
  });
  beforeEach(async () => {
    job = await addJobRows(db, { ...(await addSceneRow(db)), tasks: 40, taskState: 'leased' });
  });
  afterAll(() => opened?.dispose());

  const endSome = async (from: number, to: number, agoSec = 0) => {
    for (const taskId of job.taskIds.slice(from, to)) await end(db, taskId, agoSec);
  };

  test('by several that read at once', async () => {
    await endSome(0, 40);
    const meters = Array.from({ length: 4 }, () => new UseMeter(db));
    await Promise.all(meters.map((meter) => meter.read()));
    expect(await readUsedSec(db, job.jobId)).toBeCloseTo(400);
    expect(await unmetered(db)).toEqual([]);
  });

  test('by one that leads after another, and one that leads again', async () => {
    const one = new UseMeter(db);
    const other = new UseMeter(db);
    for (const [index, meter] of [one, other, one, other].entries()) {
      await endSome(10 * index, 10 * index + 10);
      await meter.read();
      expect(await readUsedSec(db, job.jobId)).toBeCloseTo(100 * (index + 1));
      await new UseMeter(db).read();
      expect(await readUsedSec(db, job.jobId)).toBeCloseTo(100 * (index + 1));
    }
  });

  test('of an end that is seen an hour after it was written', async () => {
    const meter = new UseMeter(db);
    await endSome(0, 10);
    await meter.read();
    await endSome(10, 20, 3_600);
    await meter.read();
    await meter.read();
    expect(await readUsedSec(db, job.jobId)).toBeCloseTo(200);
  });

  test('of what was read and could not be written at first', async () => {
    const meter = new UseMeter(db);
    await endSome(0, 10);
    await sql`alter table layer_use rename to layer_use_away`.execute(db);
    await expect(meter.read()).rejects.toThrow();
    expect(await unmetered(db)).toHaveLength(10);
    await sql`alter table layer_use_away rename to layer_use`.execute(db);
    await meter.read();
    expect(await readUsedSec(db, job.jobId)).toBeCloseTo(100);
  });

  test('what is under way counts as it goes on, and is told no more when it has ended', async () => {
    const [long = '', behind = ''] = job.taskIds;
    const id = await addAttemptRow(db, long, { state: 'running', startedAt: new Date(Date.now() - 60_000) });
    // Its worker has one slot, which is taken.
    await addAttemptRow(db, behind, { state: 'running', startedAt: new Date(Date.now() - 59_000) });
    const meter = new UseMeter(db);
    await meter.read();
    const before = await readUsedSec(db, job.jobId);
    expect(before).toBeGreaterThanOrEqual(59);
    expect(before).toBeLessThan(100);
    await sql`
      update attempts set state = 'succeeded', started_at = now() - interval '90 seconds',
        ended_at = now() - interval '20 seconds'
      where id = ${id}`.execute(db);
    await sql`update attempts set state = 'cancelled', ended_at = now() - interval '19 seconds'
      where task_id = ${behind}`.execute(db);
    await meter.read();
    expect(await readUsedSec(db, job.jobId)).toBeCloseTo(71, 0);
    const { rows } = await sql`select from layer_use where running_sec > 0 and job_id = ${job.jobId}`.execute(db);
    expect(rows).toEqual([]);
  });

  test('what never began or is of no layer takes nothing', async () => {
    const [running = '', unbegun = '', film = ''] = job.taskIds;
    const open = await addAttemptRow(db, running, { state: 'running', startedAt: new Date() });
    const id = await end(db, unbegun);
    await db.updateTable('attempts').set({ started_at: null }).where('id', '=', id).execute();
    await db.updateTable('tasks').set({ kind: 'film' }).where('id', '=', film).execute();
    await end(db, film);
    await new UseMeter(db).read();
    expect(await readUsedSec(db, job.jobId)).toBe(0);
    expect(await unmetered(db)).toEqual([]);
    await db
      .updateTable('attempts')
      .set({ state: 'failed', ended_at: new Date(Date.now() + 5_000) })
      .where('id', '=', open)
      .execute();
    await new UseMeter(db).read();
    expect(await readUsedSec(db, job.jobId)).toBeGreaterThan(4);
  });

  test('what had ended before attempts were marked counts as metered, and what was under way is counted', async () => {
    await endSome(0, 1);
    const [, running = ''] = job.taskIds;
    const id = await addAttemptRow(db, running, { state: 'running' });
    await sql`alter table attempts drop column is_metered`.execute(db);
    await addMeteredAttempts(db);
    await sql`
      update attempts set state = 'failed', started_at = now() - interval '10 seconds', ended_at = now()
      where id = ${id}`.execute(db);
    await endSome(2, 3);
    await new UseMeter(db).read();
    expect(await readUsedSec(db, job.jobId)).toBeCloseTo(20);
  });
}

/** Ends the task's attempt now, or so long ago, after 10 s at a worker of its own. @returns its id. */
async function end(db: Db, taskId: string, agoSec = 0): Promise<string> {
  const id = await addAttemptRow(db, taskId, { state: 'running', workerId: `w-${taskId}` });
  await sql`
    update attempts set state = 'succeeded', started_at = now() - (${agoSec}::int + 10) * interval '1 second',
      ended_at = now() - ${agoSec}::int * interval '1 second'
    where id = ${id}`.execute(db);
  return id;
}

async function unmetered(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom('attempts')
    .select('id')
    .where('ended_at', 'is not', null)
    .where('is_metered', '=', false)
    .execute();
  return rows.map(({ id }) => id);
}
