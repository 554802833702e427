// Builds the page that workers load into their browsers; a process of its own, which takes its memory with it.
import { bootstrap } from './bootstrap.mjs';

await bootstrap('build-page');
