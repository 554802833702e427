/** Chance that can be repeated: the seed is told before a scenario begins, and KILN_FAULT_SEED sets it. */
const given = Number(process.env.KILN_FAULT_SEED ?? '');

const SEED = Number.isSafeInteger(given) && given > 0 ? given : 1 + Math.floor(Math.random() * 1_000_000);

/** Says how the scenario is run again alone, with the same chance. */
export function tellSeed(file: string, scenario: string): void {
  const again = `KILN_FAULT_SEED=${SEED} node_modules/.bin/vitest run --retry 0 server/test/faults/${file} -t '${scenario}'`;
  console.log(`${scenario}: seed ${SEED}; again with\n  ${again}`);
}

/** Numbers from 0 to below 1, the same for each seed (mulberry32). */
export function chance(seed = SEED): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
