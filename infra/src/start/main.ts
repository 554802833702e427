import { readFarmConfig } from '../config.ts';
import { runFarm } from './run-farm.ts';

/** For what set-up was doing when it was stopped; a download would go on to its end. */
const LEAVE_MS = 1_000;

process.exitCode = await runFarm(readFarmConfig(), process.stdout);
setTimeout(() => process.exit(), LEAVE_MS).unref();
