/**
 * What has been drawn of jobs and is not taken, as the store is full. In memory, and told from server to server: workers try
 * again every few seconds, so that nothing of it is true for long.
 */
import { type JobWait, KilnError } from '@kiln/shared';
import type { AttemptFacts } from '../dispatch/attempt-facts.ts';
import { DISPATCH_LIMITS } from '../dispatch/limits.ts';
import type { Bus } from '../events/bus.ts';
import type { Clock, Services } from '../services.ts';

export interface FullStoreParts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Pick<Services['log'], 'warn' | 'info'>;
}

/** An attempt delivers one file at a time. */
interface Refused {
  readonly jobId: string;
  readonly atMs: number;
}

export class FullStore {
  readonly #parts: FullStoreParts;
  /** By attempt. */
  readonly #refused = new Map<string, Refused>();

  constructor(parts: FullStoreParts) {
    this.#parts = parts;
    parts.bus.listen((message) => {
      if (message.type !== 'store-full') return;
      const { attemptId, jobId, isFull } = message;
      if (isFull) this.#refused.set(attemptId, { jobId, atMs: parts.clock.monotonicMs() });
      else this.#refused.delete(attemptId);
    });
  }

  /** Delivers something of an attempt, and notes whether there is room for it. */
  async watch<T>({ attemptId, work }: AttemptFacts, deliver: () => Promise<T>): Promise<T> {
    try {
      const answer = await deliver();
      if (this.#refused.has(attemptId)) this.#tell(attemptId, work, false);
      return answer;
    } catch (error) {
      if (error instanceof KilnError && error.code === 'storage.full') {
        if (this.#current().length === 0) this.#parts.log.warn({ err: error }, 'the store is full: frames are refused');
        this.#tell(attemptId, work, true);
      }
      throw error;
    }
  }

  /** Why nothing comes of a job that is being drawn. */
  of(jobId: string): JobWait | null {
    const tasks = this.#current().filter((refused) => refused.jobId === jobId).length;
    if (tasks === 0) return null;
    const what = tasks === 1 ? 'what 1 task has drawn waits' : `what ${tasks} tasks have drawn waits`;
    const message = `The farm’s store is full: ${what} to be stored, and goes on by itself once its operator has made room.`;
    return { reason: 'store', message };
  }

  #tell(attemptId: string, work: AttemptFacts['work'], isFull: boolean): void {
    if (work.kind !== 'import') this.#parts.bus.tell({ type: 'store-full', attemptId, jobId: work.jobId, isFull });
  }

  #current(): readonly Refused[] {
    const since = this.#parts.clock.monotonicMs() - DISPATCH_LIMITS.storeFullMs;
    for (const [attemptId, { atMs }] of this.#refused) if (atMs < since) this.#refused.delete(attemptId);
    return [...this.#refused.values()];
  }
}
