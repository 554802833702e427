/**
 * Resolves when it is woken, when `inMs` have passed, or when `signal` aborts.
 *
 * @param inMs 0: never by itself.
 * @param onWake is given what wakes it.
 */
export function woken(inMs: number, signal: AbortSignal, onWake: (wake: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = inMs > 0 ? setTimeout(resolve, inMs) : null;
    const wake = () => {
      if (timer) clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    onWake(wake);
    signal.addEventListener('abort', wake, { once: true });
    if (signal.aborted) wake();
  });
}
