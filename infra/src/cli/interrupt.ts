import { EXIT } from './exit-codes.ts';

export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** A signal that the first Ctrl-C aborts, with an InterruptedError; the second one ends the process at once. */
export function abortOnInterrupt(): AbortSignal {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort(new InterruptedError('interrupted'));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return controller.signal;
}
