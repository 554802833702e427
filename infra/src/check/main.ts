import { REPOSITORY } from '../repository.ts';
import { allChecks } from './checks.ts';
import { runChecks } from './run-checks.ts';

const { failed } = await runChecks(await allChecks(REPOSITORY), console.log);
process.exitCode = failed === 0 ? 0 : 1;
