import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findPostgres } from '../postgres.ts';
import { type FaultFarm, openFaultFarm } from './fault-farm.ts';
import { freezeAtSome } from './freeze-servers.ts';
import { killAtEach, ofEachFile, type PassedPoint, shuffled, survey } from './kill-servers.ts';
import { chance, tellSeed } from './seed.ts';

const bin = await findPostgres();
const KILLED = 'a server is killed at points of every file of the dispatcher';
const FROZEN = 'a server is frozen at points of the dispatcher, and thawed when another leads';

/** Of more than 200: those of a run are of its seed. KILN_FAULT_POINTS sets how many; all of them take hours. */
const given = Number(process.env.KILN_FAULT_POINTS ?? '');
const KILLS = given > 0 ? given : 30;
const FREEZES = given > 0 ? given : 4;

describe.skipIf(bin === null)('servers', () => {
  let farm: FaultFarm;
  let points: readonly PassedPoint[];
  beforeAll(async () => {
    farm = await openFaultFarm(bin ?? '');
    points = (await survey(farm)).filter(({ name }) => name.startsWith('server/dispatch/'));
  }, 600_000);
  afterAll(() => farm?.stop(), 600_000);

  test(KILLED, async () => {
    tellSeed('killed-server.full.test.ts', KILLED);
    const random = chance();
    expect(points.length).toBeGreaterThan(200);
    const chosen = ofEachFile(shuffled(points, random)).slice(0, KILLS);
    const missed = await killAtEach(farm, chosen, random);
    console.log(
      `killed at ${chosen.length - missed.length} of ${points.length} points; not come to: ${missed.join(' ')}`,
    );
    expect(missed.length).toBeLessThan(chosen.length / 4);
  }, 7_200_000);

  test(FROZEN, async () => {
    tellSeed('killed-server.full.test.ts', FROZEN);
    const random = chance();
    const struck = await freezeAtSome(farm, shuffled(points, random), FREEZES, random);
    console.log(`frozen at ${struck.join(' ')}`);
    expect(struck).toHaveLength(Math.min(FREEZES, points.length));
  }, 7_200_000);
});
