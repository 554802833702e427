import { KilnError } from '@kiln/shared';

/**
 * What a tenant may be told of an error: a `KilnError` as it is. Any other is the worker's own affair, and its message may
 * hold paths and names of this machine: one sentence stands for it, and the log has the cause.
 */
export const knownError = (error: unknown): KilnError =>
  error instanceof KilnError
    ? error
    : new KilnError('render.failed', 'the worker failed for a reason of its own, which its log says', { cause: error });
