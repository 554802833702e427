/** Clocks that jump: a server's own is only for what people read, the database's is for leases. */
import type { Job, JobRequest } from '@kiln/shared';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Clock } from '../../src/services.ts';
import type { Database } from '../../src/store/tables.ts';
import { addScene, addTenant, ask, jobEnded, jobOf, startFarm, type TestFarm, until } from '../farm-fixture.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { useWorkers } from '../workers-fixture.ts';
import { expectSound } from './sound.ts';

const HOUR_MS = 3_600_000;
/** What began after the clock was set back has earlier times than what ended before. */
const TIMES_CROSS = 'attempts.order';

let redis: TestRedis;
let farm: TestFarm;
let wallAheadMs = 0;
const clock: Clock = { now: () => new Date(Date.now() + wallAheadMs), monotonicMs: () => performance.now() };
const addWorker = useWorkers(() => farm.url);

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());

/** Before the tests of a block. */
const useFarm = (leaseMs: number) => {
  beforeAll(async () => {
    farm = await startFarm({ redisUrl: redis.url, clock, timing: { leaseMs } });
  });
  afterAll(() => farm?.stop());
};

async function submit(name: string, frames: string, more: Partial<JobRequest> = {}) {
  const tenant = await addTenant(farm, name);
  const job = await ask<Job>(
    farm.url,
    tenant.key,
    'POST',
    '/jobs',
    jobOf(await addScene(farm, tenant.id), frames, more),
  );
  return {
    ended: () => jobEnded(farm.url, tenant.key, job.id),
    done: (n: number) =>
      until(
        () => ask<Job>(farm.url, tenant.key, 'GET', `/jobs/${job.id}`),
        ({ framesDone }) => framesDone >= n,
      ),
  };
}

/**
 * The database's clock jumps by so much: to what is stored, now is so much later. (A clock cannot be set for one process; what
 * is compared with it can be moved the other way.)
 */
async function jumpDatabase(db: Kysely<Database>, ms: number): Promise<void> {
  const { rows } = await sql<{ table: string; columns: string[] }>`
    select table_name as table, array_agg(column_name::text) as columns from information_schema.columns
    where table_schema = 'public' and data_type = 'timestamp with time zone' group by table_name`.execute(db);
  const jump = () =>
    db.transaction().execute(async (trx) => {
      for (const { table, columns } of rows) {
        const moved = columns.map(
          (name) => sql`${sql.ref(name)} = ${sql.ref(name)} - ${sql.lit(ms)} * interval '1 millisecond'`,
        );
        await sql`update ${sql.table(table)} set ${sql.join(moved)}`.execute(trx);
      }
    });
  // The farm's transactions take rows in another order.
  const isDeadlock = (error: unknown) => error instanceof Error && 'code' in error && error.code === '40P01';
  for (let tries = 0; ; tries += 1) {
    const failure: unknown = await jump().then(
      () => null,
      (error: unknown) => error,
    );
    if (failure === null) return;
    if (!isDeadlock(failure) || tries === 20) throw failure;
  }
}

describe('the wall clock of a server', () => {
  // Ends only by what the clock does.
  useFarm(HOUR_MS / 6);

  test.each([
    ['forwards', HOUR_MS],
    ['backwards', -HOUR_MS],
  ])('jumps %s by an hour in the middle of a job: no attempt is lost', async (where, ms) => {
    await addWorker({ identity: { slots: 2 }, frameMs: 20 });
    const job = await submit(`wall ${where}`, '1-40');
    await job.done(5);
    wallAheadMs += ms;
    expect(await job.ended()).toMatchObject({ state: 'succeeded', framesDone: 40 });
    const lost = await farm.services.store.db
      .selectFrom('attempts')
      .select(['state', 'reason', 'message'])
      .where('state', '<>', 'succeeded')
      .execute();
    expect(lost).toEqual([]);
    await expectSound(farm);
  });
});

describe('the clock of the database', () => {
  useFarm(4_000);

  test('jumps forwards by an hour: leases are over, and every frame is done once all the same', async () => {
    await addWorker({ identity: { slots: 2 }, frameMs: 20 });
    const job = await submit('forwards', '1-40');
    await job.done(5);
    await jumpDatabase(farm.services.store.db, HOUR_MS);
    expect(await job.ended()).toMatchObject({ state: 'succeeded', framesDone: 40 });
    await expectSound(farm);
  });

  test('jumps backwards by an hour: what a worker held that vanishes then is not held for an hour', async () => {
    const first = await addWorker({
      identity: { name: 'first', slots: 1 },
      onFrame: () => new Promise<void>(() => {}),
    });
    const job = await submit('backwards', '1-6');
    await until(
      async () => first.claimed.length,
      (n) => n >= 2,
    );
    await jumpDatabase(farm.services.store.db, -HOUR_MS);
    await first.vanish();
    await addWorker({ identity: { name: 'second', pid: 2 } });
    expect(await job.ended()).toMatchObject({ state: 'succeeded', framesDone: 6 });
    await expectSound(farm, TIMES_CROSS);
  });

  test('jumps backwards by an hour while a task waits for its next try: it does not wait for an hour', async () => {
    let failures = 0;
    const failOften = () => {
      failures += 1;
      if (failures <= 4) throw new Error('as it should');
    };
    await addWorker({ identity: { slots: 1 }, onFrame: failOften });
    const job = await submit('next try', '1', { maxAttempts: 10 });
    // Each wait is twice as long as the one before: the fourth is of some seconds.
    const { db } = farm.services.store;
    await until(
      () => db.selectFrom('tasks').select('id').where('not_before', '>', sql<Date>`now() + interval '2 s'`).execute(),
      (waiting) => waiting.length > 0,
    );
    await jumpDatabase(farm.services.store.db, -HOUR_MS);
    expect(await job.ended()).toMatchObject({ state: 'succeeded', framesDone: 1 });
    await expectSound(farm, TIMES_CROSS);
  });

  test('jumps backwards by an hour and Redis forgets a delivery: it is sent again', async () => {
    const worker = await addWorker({ identity: { slots: 1 }, onFrame: () => gate });
    const job = await submit('forgotten', '1-3');
    await until(
      async () => worker.claimed.length,
      (n) => n >= 2,
    );
    await jumpDatabase(farm.services.store.db, -HOUR_MS);
    await redis.client.flushall();
    open();
    expect(await job.ended()).toMatchObject({ state: 'succeeded', framesDone: 3 });
    await expectSound(farm, TIMES_CROSS);
  });
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
});
