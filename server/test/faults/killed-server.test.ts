/** @module-tag heavy */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findPostgres } from '../postgres.ts';
import { type FaultFarm, openFaultFarm } from './fault-farm.ts';
import { killAtEach, shuffled, survey } from './kill-servers.ts';
import { chance, tellSeed } from './seed.ts';

const bin = await findPostgres();
const SCENARIO = 'a server is killed at some points';

/** Of all that the survey found, by the seed. */
const POINTS = 4;

describe.skipIf(bin === null)('killed servers', () => {
  let farm: FaultFarm;
  beforeAll(async () => {
    farm = await openFaultFarm(bin ?? '');
  }, 600_000);
  afterAll(() => farm?.stop(), 600_000);

  test(SCENARIO, async () => {
    tellSeed('killed-server.test.ts', SCENARIO);
    const random = chance();
    const points = await survey(farm);
    // The work takes the dispatcher through nearly all that it can do.
    expect(points.filter(({ name }) => name.startsWith('server/dispatch/')).length).toBeGreaterThan(200);
    const missed = await killAtEach(farm, shuffled(points, random).slice(0, POINTS), random);
    expect(missed.length).toBeLessThan(POINTS);
  }, 600_000);
});
