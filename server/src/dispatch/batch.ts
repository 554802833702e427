/** Many small writes as few: what comes while one write is under way, or soon after it, goes together in the next. */
import { KilnError } from '@kiln/shared';
import { sqlState } from '../store/sql-state.ts';
import { DISPATCH_LIMITS } from './limits.ts';

interface Waiting<I, O> {
  readonly input: I;
  readonly resolve: (output: O) => void;
  readonly reject: (error: unknown) => void;
}

export interface BatchLimits {
  /** Inputs of one write. */
  readonly most: number;
  /** From the beginning of one write to that of the next; a full one does not wait. */
  readonly spacingMs: number;
}

/**
 * A lone write does not wait, and in a stream of them none waits longer than the spacing (a group commit). `write` answers one output for
 * each input, in order; an output that is an `Error` rejects that input's promise alone.
 */
export class Batch<I, O> {
  readonly #write: (inputs: readonly I[]) => Promise<readonly (O | Error)[]>;
  readonly #limits: BatchLimits;
  #waiting: Waiting<I, O>[] = [];
  #busy = false;
  #lastWriteMs = Number.NEGATIVE_INFINITY;
  /** Ends the wait for more. */
  #fill: (() => void) | null = null;

  constructor(limits: BatchLimits, write: (inputs: readonly I[]) => Promise<readonly (O | Error)[]>) {
    this.#limits = limits;
    this.#write = write;
  }

  /** @throws KilnError `storage.unavailable` when too many wait already; whatever the write throws. */
  submit(input: I): Promise<O> {
    if (this.#waiting.length >= DISPATCH_LIMITS.waitingWrites) {
      return Promise.reject(new KilnError('storage.unavailable', 'the database does not keep up: try again soon'));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ input, resolve, reject });
      if (!this.#busy) void this.#run();
      else if (this.#waiting.length >= this.#limits.most) this.#fill?.();
    });
  }

  async #run(): Promise<void> {
    this.#busy = true;
    // One turn of the event loop: requests that arrived together are written together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      await this.#gather();
      this.#lastWriteMs = performance.now();
      await this.#writeSome(this.#waiting.splice(0, this.#limits.most));
    }
    this.#busy = false;
  }

  async #gather(): Promise<void> {
    const { most, spacingMs } = this.#limits;
    const waitMs = this.#lastWriteMs + spacingMs - performance.now();
    if (waitMs <= 0 || this.#waiting.length >= most) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#fill = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#fill = null;
  }

  async #writeSome(some: readonly Waiting<I, O>[]): Promise<void> {
    try {
      const outputs = await this.#write(some.map(({ input }) => input));
      some.forEach(({ resolve, reject }, index) => {
        const output = outputs[index];
        if (output instanceof Error) reject(output);
        else if (output === undefined && index >= outputs.length) reject(new Error('a batch answered too few outputs'));
        else resolve(output as O);
      });
    } catch (error) {
      // One bad input must not take the others with it; what fails for all is not asked of the database once for each.
      if (some.length > 1 && isOfOneInput(error)) for (const one of some) await this.#writeSome([one]);
      else for (const { reject } of some) reject(error);
    }
  }
}

/** Whether the same write without some input can succeed: data (class 22) or a constraint (class 23) was at fault. */
const isOfOneInput = (error: unknown): boolean =>
  error instanceof KilnError ? !error.retryable : /^2[23]/.test(sqlState(error) ?? '');
