/** What a server stands on goes away in the middle of work, and comes back. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findPostgres } from '../postgres.ts';
import { type FaultFarm, openFaultFarm } from './fault-farm.ts';
import { chance, tellSeed } from './seed.ts';

const bin = await findPostgres();

describe.skipIf(bin === null)('in the middle of work', () => {
  let farm: FaultFarm;
  beforeAll(async () => {
    farm = await openFaultFarm(bin ?? '');
    await farm.start();
    await farm.addWorkers(2);
  }, 600_000);
  afterAll(() => farm?.stop(), 600_000);

  test.each([
    ['PostgreSQL crashes and starts again', () => farm.postgres.restart()],
    [
      'every connection to PostgreSQL is cut, three times',
      async () => {
        for (let times = 0; times < 3; times++) {
          await farm.postgres.cutConnections('kiln-server');
          await pause(300);
        }
      },
    ],
    ['Redis is killed and starts again', () => farm.redis.restart()],
    ['Redis is emptied', () => farm.redis.client.flushall()],
    [
      'Redis loses all it had and starts again',
      async () => {
        await farm.redis.client.flushall();
        await farm.redis.restart();
      },
    ],
  ] as const)(
    '%s: all of it is done, once',
    async (what, fault) => {
      tellSeed('services-restart.full.test.ts', what);
      const random = chance();
      await farm.work.add();
      const done = farm.work.ended();
      // Whoever waits for it below hears of it.
      done.catch(() => {});
      await pause(random() * 500);
      await fault();
      await done;
      expect(await farm.audit()).toEqual({ code: 0, broken: [] });
    },
    300_000,
  );
});
