/** `npm test`: set-up, every check, the tests; the last line counts all of it. */
import { readFarmConfig } from '../config.ts';
import { REPOSITORY } from '../repository.ts';
import { prepare } from '../setup/prepare.ts';
import { Progress } from '../setup/progress.ts';
import { SetupError } from '../setup/run-plan.ts';
import { allChecks } from './checks.ts';
import { runChecks, type Tally } from './run-checks.ts';
import { runTests } from './run-tests.ts';

const full = process.argv.includes('--full');
const projects = full ? ['fast', 'browser', 'full'] : ['fast', 'browser'];

async function setUp(): Promise<Tally> {
  try {
    const wanted = { browser: true, redisServer: true, postgres: true, imageTools: full, filmTools: full };
    await prepare(readFarmConfig(), new Progress(process.stdout), wanted);
    return { passed: 0, failed: 0 };
  } catch (error) {
    console.error(error instanceof SetupError ? error.message : error);
    return { passed: 0, failed: 1 };
  }
}

console.log('Set-up');
const tallies = [await setUp()];
console.log('\nChecks');
tallies.push(await runChecks(await allChecks(REPOSITORY), console.log));
console.log('\nTests');
tallies.push(await runTests(REPOSITORY, projects));

const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0);
const failed = tallies.reduce((sum, tally) => sum + tally.failed, 0);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
