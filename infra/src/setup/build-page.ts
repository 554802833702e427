import { buildPage, PAGE_FOLDER } from '@kiln/worker';

await buildPage(process.argv[2] ?? PAGE_FOLDER);
