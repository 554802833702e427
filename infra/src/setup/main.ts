import { buildAll } from './builds.ts';
import { Progress } from './progress.ts';

await buildAll(new Progress(process.stdout));
