/** Chance that can be repeated: the seed is told before a scenario begins, and KILN_FAULT_SEED sets it. */
import { chance as chanceOf } from '@kiln/shared/testing';

const given = Number(process.env.KILN_FAULT_SEED ?? '');

const SEED = Number.isSafeInteger(given) && given > 0 ? given : 1 + Math.floor(Math.random() * 1_000_000);

/** Says how the scenario is run again alone, with the same chance. */
export function tellSeed(file: string, scenario: string): void {
  const again = `KILN_FAULT_SEED=${SEED} node_modules/.bin/vitest run --retry 0 server/test/faults/${file} -t '${scenario}'`;
  console.log(`${scenario}: seed ${SEED}; again with\n  ${again}`);
}

/** Numbers from 0 to below 1, the same for each seed. */
export const chance = () => chanceOf(SEED);
