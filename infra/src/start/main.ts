import { errorLine, exitCodeOf } from '../cli/exit-codes.ts';
import { type FarmConfig, readFarmConfig } from '../config.ts';
import { runFarm } from './run-farm.ts';

/** For what set-up was doing when it was stopped; a download would go on to its end. */
const LEAVE_MS = 1_000;

process.exitCode = await start();
setTimeout(() => process.exit(), LEAVE_MS).unref();

async function start(): Promise<number> {
  let config: FarmConfig;
  try {
    config = readFarmConfig();
  } catch (error) {
    console.error(errorLine(error));
    return exitCodeOf(error);
  }
  return runFarm(config, process.stdout);
}
