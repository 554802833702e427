import { dirname } from 'node:path';

/** Folder of this checkout: where the workspaces and `node_modules` are. */
export const REPOSITORY = dirname(dirname(import.meta.dirname));
