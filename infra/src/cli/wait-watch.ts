/** Why a job that is followed does not go on. */
import type { Client, Job, JobChange, JobWait } from '@kiln/shared';
import { QuietWatch } from './quiet-watch.ts';

const LONGEST_PAUSE_MS = 15_000;

export interface WaitObserver {
  /** What it waits for; again whenever that changes, be it by a number. */
  waitsFor(wait: JobWait): void;
  /** Somebody paused it. */
  paused(jobId: string): void;
  /** It goes on after `waitsFor` or `paused`. */
  rendering(): void;
}

/** Looks whenever nothing has been drawn for a while: events do not say what a job waits for. */
export class WaitWatch {
  readonly #jobId: string;
  readonly #observer: WaitObserver;
  readonly #quiet: QuietWatch<Job>;
  #state: JobChange['state'] | null = null;
  #told: JobWait | 'paused' | null = null;

  constructor(client: Pick<Client, 'getJob'>, jobId: string, observer: WaitObserver) {
    this.#jobId = jobId;
    this.#observer = observer;
    this.#quiet = new QuietWatch(
      () => client.getJob({ params: { jobId } }),
      (job) => this.take(job),
      LONGEST_PAUSE_MS,
    );
  }

  /** The job as an event or a look tells it. */
  take({ state, waitsFor, endedAt }: JobChange): void {
    if (endedAt !== null) return;
    const hasChanged = state !== this.#state;
    this.#state = state;
    if (waitsFor !== undefined) this.#tell(waitsFor ?? (state === 'paused' ? 'paused' : null));
    else if (hasChanged) {
      // Its budget may hold it: then it is not --resume that lets it go on.
      if (state === 'paused') this.#quiet.lookNow();
      else this.#tell(null);
    }
  }

  /** Something of it was drawn; of one that is paused, what had been begun. */
  heard(): void {
    if (this.#state === 'paused') return;
    this.#quiet.heard();
    this.#tell(null);
  }

  stop(): void {
    this.#quiet.stop();
  }

  #tell(now: JobWait | 'paused' | null): void {
    const before = this.#told;
    this.#told = now;
    if (JSON.stringify(now) === JSON.stringify(before)) return;
    if (now === null) this.#observer.rendering();
    else if (now === 'paused') this.#observer.paused(this.#jobId);
    else this.#observer.waitsFor(now);
  }
}
