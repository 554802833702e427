/** Progress of jobs, told now and then: a job of 1,000 frames must not write 1,000 events besides those of its frames. */
import type { Logger } from 'pino';
import { lockJobs } from '../jobs/job-row.ts';
import { type JobRow, jobChange } from '../jobs/present.ts';
import type { Change, Tell } from './changes.ts';

export interface ProgressParts {
  readonly change: Change;
  readonly log: Logger;
  readonly spacingMs: number;
}

/**
 * `quiet`: told a moment ago, unchanged since. `changed`: told a moment ago, and changed. `owed`: long enough ago to be
 * told again: the next change tells it for free, and without one the timer does.
 */
interface Recent {
  phase: 'quiet' | 'changed' | 'owed';
  timer: NodeJS.Timeout;
}

export class JobProgress {
  readonly #parts: ProgressParts;
  readonly #recent = new Map<string, Recent>();

  constructor(parts: ProgressParts) {
    this.#parts = parts;
  }

  /**
   * Whether progress of the job should be told in the transaction that makes it. If not, it is told when the time has
   * come. A change of its state is told in any case.
   */
  isDue(jobId: string): boolean {
    const recent = this.#recent.get(jobId);
    if (recent && recent.phase !== 'owed') {
      recent.phase = 'changed';
      return false;
    }
    this.#wait(jobId, 'quiet');
    return true;
  }

  close(): void {
    for (const { timer } of this.#recent.values()) clearTimeout(timer);
    this.#recent.clear();
  }

  #wait(jobId: string, phase: Recent['phase']): void {
    clearTimeout(this.#recent.get(jobId)?.timer);
    const timer = setTimeout(() => this.#timeIsUp(jobId), this.#parts.spacingMs);
    this.#recent.set(jobId, { phase, timer });
  }

  #timeIsUp(jobId: string): void {
    const phase = this.#recent.get(jobId)?.phase;
    if (phase === 'changed') this.#wait(jobId, 'owed');
    else if (phase === 'owed') {
      this.#wait(jobId, 'quiet');
      void this.#tellNow(jobId);
    } else this.#recent.delete(jobId);
  }

  async #tellNow(jobId: string): Promise<void> {
    const { change, log } = this.#parts;
    try {
      await change(async (trx, tell) => {
        // Locked, so that the job's end cannot be told before this.
        const row = (await lockJobs(trx, [jobId])).get(jobId);
        if (row) tellJob(tell, row);
      });
    } catch (error) {
      log.warn({ err: error, jobId }, 'the progress of a job was not told');
    }
  }
}

export function tellJob(tell: Tell, row: JobRow): void {
  tell({ type: 'job', tenantId: row.tenant_id, jobId: row.id, data: jobChange(row) });
}
