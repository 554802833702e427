/**
 * Time limits of what one page does at once. A page that says nothing any more is ended for all of it, and one alone is to
 * blame: what is drawn only waits for its encoded bytes, which a page that is stuck in another's drawing cannot send.
 */
import { KilnError } from '@kiln/shared';
import { PageTaken } from '../browser/page-taken.ts';
import { pause } from '../clock.ts';
import { WORKER_LIMITS } from '../limits.ts';

interface Call {
  isDrawn: boolean;
  readonly over: AbortController;
}

export class CallLimits {
  readonly #endPage: (reason: PageTaken) => void;
  readonly #calls = new Set<Call>();

  /** @param endPage ends every call to the page with the reason. */
  constructor(endPage: (reason: PageTaken) => void) {
    this.#endPage = endPage;
  }

  /**
   * Ends the page when the work takes too long.
   *
   * @param work is given what to call when the GPU is free of it.
   * @throws KilnError `render.timeout`; whatever else used the page gets `PageTaken`.
   */
  async within<T>(timeoutMs: number, what: string, work: (onDrawn: () => void) => Promise<T>): Promise<T> {
    const call: Call = { isDrawn: false, over: new AbortController() };
    this.#calls.add(call);
    let late: KilnError | null = null;
    void this.#untilLate(call, timeoutMs).then(() => {
      if (call.over.signal.aborted) return;
      late = new KilnError('render.timeout', `${what} took more than ${timeoutMs} ms`);
      this.#endPage(new PageTaken(`something else in it took more than ${timeoutMs} ms`));
    });
    try {
      return await work(() => {
        call.isDrawn = true;
      });
    } catch (error) {
      throw late ?? error;
    } finally {
      this.#calls.delete(call);
      call.over.abort();
    }
  }

  async #untilLate(call: Call, timeoutMs: number): Promise<void> {
    const { signal } = call.over;
    await pause(timeoutMs, signal);
    const drawing = call.isDrawn ? [...this.#calls].find(({ isDrawn }) => !isDrawn) : undefined;
    if (signal.aborted || !drawing) return;
    // The other's limit ends it at the latest.
    await ended(AbortSignal.any([drawing.over.signal, signal]));
    await pause(WORKER_LIMITS.abandonedFrameMs, signal);
  }
}

const ended = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
