/** Two servers on one PostgreSQL: the one that leads is stopped, as by a machine that swaps or sleeps, and goes on later. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../farm-fixture.ts';
import { findPostgres } from '../postgres.ts';
import { type FaultFarm, openFaultFarm } from './fault-farm.ts';
import { chance, tellSeed } from './seed.ts';

const bin = await findPostgres();

/**
 * Where it holds rows of others, where it has given leases and not sent their deliveries, and where it ends what was lost;
 * and the first pass that may be taken: it comes there each second, and is to take requests before.
 */
const POINTS = [
  ['server/dispatch/assign.assign.5.after', 2],
  ['server/dispatch/dispatcher.give.4.before', 2],
  ['server/dispatch/dispatcher.maintain.1.after', 5],
] as const;

describe.skipIf(bin === null)('a frozen leader', () => {
  let farm: FaultFarm;
  beforeAll(async () => {
    farm = await openFaultFarm(bin ?? '');
  }, 600_000);
  afterAll(() => farm?.stop(), 600_000);

  test.each(POINTS)(
    'at %s: another leads meanwhile, and it overwrites nothing when it is thawed',
    async (point, firstPass) => {
      tellSeed('frozen-leader.full.test.ts', point);
      const fault = `${point}@${firstPass + Math.floor(chance()() * 4)}:freeze`;
      const earlier = await farm.epoch();
      const first = await farm.startOther({ fault });
      if (!first) throw new Error('it was to take requests before it froze');
      const before = await until(farm.epoch, (now) => now > earlier);
      const second = await farm.startOther();
      if (!second) throw new Error('it has no fault to come to');
      farm.use(second);
      if (farm.workers.length === 0) await farm.addWorkers(2);
      await farm.work.add();
      await first.strike;
      await farm.work.ended();
      // What there was may have been done before it froze.
      await until(farm.epoch, (now) => now > before);
      const given = await farm.leasesOf(before);

      first.signal('SIGCONT');
      await farm.work.add();
      await farm.work.ended();
      expect(await farm.audit()).toEqual({ code: 0, broken: [] });
      expect(await farm.leasesOf(before)).toBe(given);
      // It is none the worse for it.
      await first.stop();
      await second.stop();
    },
    600_000,
  );
});
