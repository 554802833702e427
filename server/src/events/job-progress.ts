/** Progress of jobs, told now and then: a job of 1,000 frames must not write 1,000 events besides those of its frames. */
import type { Logger } from 'pino';
import { lockJobs } from '../jobs/job-row.ts';
import type { JobLayers } from '../jobs/layers.ts';
import { type JobRow, jobView } from '../jobs/present.ts';
import type { Change, Tell } from './changes.ts';

export interface ProgressParts {
  readonly change: Change;
  readonly layers: JobLayers;
  readonly log: Logger;
  readonly spacingMs: number;
}

export class JobProgress {
  readonly #parts: ProgressParts;
  /** Jobs that were told of less than `spacingMs` ago, and whether they changed since. */
  readonly #recent = new Map<string, { changed: boolean; timer: NodeJS.Timeout }>();

  constructor(parts: ProgressParts) {
    this.#parts = parts;
  }

  /** Whether the job's row should be told in the transaction that changes it. If not, it is told when the time has come. */
  isDue(jobId: string, stateChanged: boolean): boolean {
    const recent = this.#recent.get(jobId);
    if (recent && !stateChanged) {
      recent.changed = true;
      return false;
    }
    this.#start(jobId);
    return true;
  }

  close(): void {
    for (const { timer } of this.#recent.values()) clearTimeout(timer);
    this.#recent.clear();
  }

  #start(jobId: string): void {
    clearTimeout(this.#recent.get(jobId)?.timer);
    const timer = setTimeout(() => {
      const changed = this.#recent.get(jobId)?.changed === true;
      this.#recent.delete(jobId);
      if (changed) void this.#tellNow(jobId);
    }, this.#parts.spacingMs);
    this.#recent.set(jobId, { changed: false, timer });
  }

  async #tellNow(jobId: string): Promise<void> {
    const { change, layers, log } = this.#parts;
    this.#start(jobId);
    try {
      await change(async (trx, tell) => {
        // Locked, so that the job's end cannot be told before this.
        const row = (await lockJobs(trx, [jobId])).get(jobId);
        if (row) tellJob(tell, row, (await layers.of(trx, [jobId])).get(jobId) ?? []);
      });
    } catch (error) {
      log.warn({ err: error, jobId }, 'the progress of a job was not told');
    }
  }
}

export function tellJob(tell: Tell, row: JobRow, layers: Parameters<typeof jobView>[1]): void {
  tell({ type: 'job', tenantId: row.tenant_id, jobId: row.id, data: jobView(row, layers) });
}
