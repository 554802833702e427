import { buildAll, buildPackage } from './builds.ts';
import { Progress } from './progress.ts';

const progress = new Progress(process.stdout);
await buildAll(progress);
await buildPackage(progress);
