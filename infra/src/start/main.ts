import { readFarmConfig } from '../config.ts';
import { runFarm } from './run-farm.ts';

process.exitCode = await runFarm(readFarmConfig(), process.stdout);
