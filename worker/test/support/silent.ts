import { createLog } from '../../src/log.ts';

/** A log that writes nothing. */
export const silent = createLog('silent');
