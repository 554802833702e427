import { REPOSITORY } from '../repository.ts';
import { allChecks } from './checks.ts';
import { runChecks } from './run-checks.ts';

const { failed } = await runChecks(allChecks(REPOSITORY), console.log);
process.exitCode = failed === 0 ? 0 : 1;
