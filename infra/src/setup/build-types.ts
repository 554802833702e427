import { join } from 'node:path';
import { REPOSITORY } from '../repository.ts';
import { writeViewerTypes } from './viewer-types.ts';

await writeViewerTypes(process.argv[2] ?? join(REPOSITORY, 'viewer', 'dist', 'types'));
