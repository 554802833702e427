/** Thousands of results at one moment, as when a farm draws frames of the same length in step. */
import { setTimeout as pause } from 'node:timers/promises';
import { type AttemptState, HEARTBEAT_MS, type Job } from '@kiln/shared';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { addScene, addTenant, ask, askAgain, jobEnded, jobOf, startFarm, type TestFarm } from '../farm-fixture.ts';
import { findPostgres, startPostgres, type TestPostgres } from '../postgres.ts';
import { startRedis, type TestRedis } from '../redis.ts';
import { quietLog, temporaryFolder } from '../store-fixture.ts';
import { useWorkers } from '../workers-fixture.ts';
import { expectSound } from './sound.ts';

const RESULTS = 5_000;
const WORKERS = 20;
/** As many frames are claimed as a worker has slots, and as many again wait there. */
const SLOTS = RESULTS / WORKERS;

/** They outlast whatever the machine makes of it: leases that run out are other scenarios' business. */
const LEASE_MS = 600_000;
/** On a busy machine heartbeats may leave out for long what was claimed meanwhile: that is taken to be forgotten. */
const MOST_TRIES = 10;

const bin = await findPostgres();

describe.skipIf(bin === null)('a storm', () => {
  let redis: TestRedis;
  let postgres: TestPostgres;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let store: Store;
  let farm: TestFarm;
  const addWorker = useWorkers(() => farm.url);

  beforeAll(async () => {
    [redis, postgres, folder] = await Promise.all([startRedis(), startPostgres(bin ?? ''), temporaryFolder()]);
    store = await openStore({ home: folder.path, databaseUrl: await postgres.createDatabase() }, quietLog);
    farm = await startFarm({ redisUrl: redis.url, store, home: folder.path, timing: { leaseMs: LEASE_MS } });
  }, 600_000);
  afterAll(async () => {
    await farm?.stop();
    await store?.close();
    await postgres?.stop();
    await redis?.stop();
    await folder?.remove();
  }, 600_000);

  test('of 5,000 results is recorded whole, each once, while the server answers', async () => {
    const { id, key } = await addTenant(farm, 'one');
    let begin = () => {};
    const storm = new Promise<void>((resolve) => {
      begin = resolve;
    });
    for (let pid = 1; pid <= WORKERS; pid++) {
      await addWorker({
        identity: { name: `worker ${pid}`, pid, slots: SLOTS },
        onFrame: () => storm,
        heartbeatMs: HEARTBEAT_MS,
      });
    }
    const job = await ask<Job>(
      farm.url,
      key,
      'POST',
      '/jobs',
      jobOf(await addScene(farm, id), `1-${RESULTS}`, { maxAttempts: MOST_TRIES }),
    );
    // All of them are claimed before the first is done.
    while ((await attemptsThat('running')) < RESULTS) {
      const { state } = await store.db.selectFrom('jobs').select('state').executeTakeFirstOrThrow();
      if (state !== 'queued' && state !== 'running') throw new Error(`the job has ${state} before a frame was done`);
      await pause(250);
    }
    begin();
    let answers = 0;
    let isOver = false;
    const asking = (async () => {
      for (; !isOver; answers++) {
        await askAgain<Job>(farm.url, key, 'GET', `/jobs/${job.id}`);
        await pause(50);
      }
    })();
    expect(await jobEnded(farm.url, key, job.id)).toMatchObject({ state: 'succeeded', framesDone: RESULTS });
    isOver = true;
    await asking;
    expect(answers).toBeGreaterThan(3);
    expect(await attemptsThat('succeeded')).toBe(RESULTS);
    await expectSound(farm);
  }, 1_200_000);

  async function attemptsThat(state: AttemptState): Promise<number> {
    const { n } = await store.db
      .selectFrom('attempts')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('state', '=', state)
      .executeTakeFirstOrThrow();
    return Number(n);
  }
});
