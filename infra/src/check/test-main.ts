/** `npm test`: set-up, every check, the tests; the last line counts all of it. */
import { readFarmConfig } from '../config.ts';
import { REPOSITORY } from '../repository.ts';
import type { Found } from '../setup/found.ts';
import { prepare } from '../setup/prepare.ts';
import { Progress } from '../setup/progress.ts';
import { SetupError } from '../setup/run-plan.ts';
import { allChecks } from './checks.ts';
import { runChecks, type Tally } from './run-checks.ts';
import { runTests } from './run-tests.ts';
import { unproved } from './unproved.ts';

const full = process.argv.includes('--full');
const projects = full ? ['fast', 'browser', 'full'] : ['fast', 'browser'];

/** Null when something is missing that no test can do without. */
async function setUp(): Promise<Found | null> {
  try {
    const heavy = { imageTools: full, filmTools: full, s3Server: full };
    const wanted = { browser: true, redisServer: true, postgres: true, ...heavy };
    return await prepare(readFarmConfig(), new Progress(process.stdout), wanted);
  } catch (error) {
    console.error(error instanceof SetupError ? error.message : error);
    return null;
  }
}

console.log('Set-up');
const found = await setUp();
const tallies: Tally[] = [{ passed: 0, failed: found ? 0 : 1 }];
console.log('\nChecks');
tallies.push(await runChecks(await allChecks(REPOSITORY), console.log));
console.log('\nTests');
// Farms run on both; PostgreSQL takes half as long.
const store = !full && found?.postgresBin ? 'postgres' : 'pglite';
tallies.push(await runTests(REPOSITORY, { projects, store, withHeavy: full }));

const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0);
const failed = tallies.reduce((sum, tally) => sum + tally.failed, 0);
for (const line of full && found ? unproved(found) : []) console.log(`\n${line}`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
