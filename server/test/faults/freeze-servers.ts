/** A server that stands still at one point after another, as on a machine that swaps or sleeps, while another takes over. */
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../farm-fixture.ts';
import type { FaultFarm } from './fault-farm.ts';
import { endOfRound, type PassedPoint } from './kill-servers.ts';

const LEASE_MS = 6_000;

/** Late passes would be waited for in vain when the work takes another way. */
const LATEST_PASS = 10;

/**
 * Freezes a server at points of this list until `most` servers have been frozen, each until its leases have ended; another one
 * leads meanwhile, and both are there afterwards.
 *
 * @returns faults that were come to.
 * @throws Error naming the fault after which something did not end as it should.
 */
export async function freezeAtSome(
  farm: FaultFarm,
  points: readonly PassedPoint[],
  most: number,
  random: () => number,
): Promise<string[]> {
  const struck: string[] = [];
  for (const { name, passes } of points) {
    if (struck.length === most) break;
    const fault = `${name}@${1 + Math.floor(random() * Math.min(passes, LATEST_PASS))}:freeze`;
    try {
      if (await freezeAt(farm, fault)) struck.push(fault);
    } catch (error) {
      throw new Error(`after ${fault}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
  }
  return struck;
}

/** @returns whether it came to its fault while it took requests. */
async function freezeAt(farm: FaultFarm, fault: string): Promise<boolean> {
  const first = await farm.startOther({ fault });
  if (!first) return false;
  farm.use(first);
  const round = endOfRound(farm);
  await Promise.race([first.strike, round]);
  if (!first.struck) {
    await round;
    // In order it might come to its fault now.
    await first.stop('SIGKILL');
    return false;
  }
  const before = await farm.epoch();
  const second = await farm.startOther();
  if (!second) throw new Error('a server has no fault to come to');
  farm.use(second);
  await Promise.all([until(farm.epoch, (epoch) => epoch > before), pause(LEASE_MS)]);
  const given = await farm.leasesOf(before);
  first.signal('SIGCONT');
  await Promise.all([round, endOfRound(farm)]);
  const { code, broken } = await farm.audit();
  if (code !== 0) throw new Error(`kiln audit: ${JSON.stringify(broken)}`);
  const more = (await farm.leasesOf(before)) - given;
  if (more > 0) throw new Error(`it gave ${more} leases after another had begun to lead`);
  // It is none the worse for it.
  await first.stop();
  await second.stop();
  return true;
}
