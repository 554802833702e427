import { join } from 'node:path';
import { buildPage } from '@kiln/worker';
import { REPOSITORY } from '../repository.ts';

await buildPage(join(REPOSITORY, 'worker', 'dist', 'page'));
