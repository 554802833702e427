/** A server that is killed at one point after another, while there is work; each goes on from what the one before left. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FaultFarm } from './fault-farm.ts';

export interface PassedPoint {
  readonly name: string;
  /** How often a server passes it while it does a round of the mixed work. */
  readonly passes: number;
}

/** Points that a server passes while it does a round of the mixed work. */
export async function survey(farm: FaultFarm): Promise<PassedPoint[]> {
  const passesPath = join(farm.folder, 'passes.json');
  const server = await farm.start({ passesPath });
  if (!server) throw new Error('the server has no fault to come to');
  await farm.addWorkers(3);
  await farm.work.add();
  await farm.work.ended();
  await server.stop();
  return Object.entries(await readPasses(passesPath))
    .filter(([name]) => name.startsWith('server/'))
    .map(([name, passes]) => ({ name, passes }));
}

/** How often each point was passed, of a server that has stopped in order. */
const readPasses = async (path: string): Promise<Readonly<Record<string, number>>> =>
  JSON.parse(await readFile(path, 'utf8'));

/** Late passes would be waited for in vain when the work takes another way. */
const LATEST_PASS = 10;
/** Points between two verdicts. */
const PER_VERDICT = 8;

/**
 * Kills a server at each of these points, at a pass that chance chooses, the next one starting where it lies.
 *
 * @returns faults that no server came to: by chance the work took another way.
 * @throws Error naming the faults since the last verdict, when something did not end as it should.
 */
export async function killAtEach(
  farm: FaultFarm,
  points: readonly PassedPoint[],
  random: () => number,
): Promise<string[]> {
  const missed: string[] = [];
  for (let at = 0; at < points.length; at += PER_VERDICT) {
    const faults = points
      .slice(at, at + PER_VERDICT)
      .map(({ name, passes }) => `${name}@${1 + Math.floor(random() * Math.min(passes, LATEST_PASS))}:kill`);
    try {
      missed.push(...(await killAtThese(farm, faults)));
    } catch (error) {
      throw new Error(`after one of ${faults.join(' ')}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
  }
  return missed;
}

async function killAtThese(farm: FaultFarm, faults: readonly string[]): Promise<string[]> {
  const missed: string[] = [];
  const rounds: Promise<void>[] = [];
  for (const fault of faults) {
    const server = await farm.start({ fault });
    if (!server) continue;
    const round = endOfRound(farm);
    rounds.push(round);
    await Promise.race([server.ended, round]);
    // Some points are come to while it stops.
    await server.stop(server.struck ? 'SIGKILL' : 'SIGTERM');
    if (!server.struck) missed.push(fault);
  }
  const last = await farm.start();
  await Promise.all(rounds);
  const { code, broken } = await farm.audit();
  if (code !== 0) throw new Error(`kiln audit: ${JSON.stringify(broken)}`);
  await last?.stop('SIGKILL');
  return missed;
}

/** More of the mixed work is added; settles when all of it has ended as it should. */
export function endOfRound({ work }: FaultFarm): Promise<void> {
  const round = work.add().then(() => work.ended());
  // Whoever waits for it hears of it.
  round.catch(() => {});
  return round;
}

/** First one of each file, then the others. */
export function ofEachFile(points: readonly PassedPoint[]): PassedPoint[] {
  const seen = new Set<string>();
  const isNew = ({ name }: PassedPoint) => {
    const file = name.split('.')[0] ?? '';
    return !seen.has(file) && seen.add(file);
  };
  const first = points.filter(isNew);
  return [...first, ...points.filter((point) => !first.includes(point))];
}

export const shuffled = <T>(items: readonly T[], random: () => number): T[] =>
  items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
