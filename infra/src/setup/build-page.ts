import { buildPage, PAGE_FOLDER } from '@kiln/worker';

await buildPage(PAGE_FOLDER);
