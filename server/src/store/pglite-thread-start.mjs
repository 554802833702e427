/** Threads of Node 20 do not inherit the TypeScript loader: this starts it in there. */
import { tsImport } from 'tsx/esm/api';

await tsImport('./pglite-thread.ts', import.meta.url);
