/** What the leader does once a tick about jobs with budgets: it lets go, holds and stops them. */
import { type Kysely, sql, type Transaction } from 'kysely';
import { type EndedAttempt, type EndParts, endAttempts, endsOfPaused } from '../dispatch/end-attempts.ts';
import type { Change } from '../events/changes.ts';
import { tellHeld } from '../jobs/holds.ts';
import { lockJobs } from '../jobs/job-row.ts';
import type { JobRow } from '../jobs/present.ts';
import type { Database } from '../store/tables.ts';
import { isOver, readCosts, readUsedSec, wasPaused } from './budget-rows.ts';

export interface BudgetWatchParts {
  readonly db: Kysely<Database>;
  readonly change: Change;
  readonly ending: EndParts;
  /** After attempts ended without a result. */
  readonly settle: (ended: readonly EndedAttempt[]) => Promise<void>;
  /** There may be work. */
  readonly wake: () => void;
}

export class BudgetWatch {
  readonly #parts: BudgetWatchParts;

  constructor(parts: BudgetWatchParts) {
    this.#parts = parts;
  }

  async look(): Promise<void> {
    for (const jobId of await this.#estimated()) await this.#decide(jobId);
    for (const jobId of await this.#unmeasured()) await this.#tellUnmeasured(jobId);
    for (const jobId of await this.#spent()) await this.#stop(jobId);
  }

  /** Jobs that waited for their estimate, which is ready. */
  async #estimated(): Promise<string[]> {
    const rows = await this.#parts.db
      .selectFrom('job_costs as c')
      .innerJoin('estimates as e', 'e.id', 'c.estimate_id')
      .select('c.job_id')
      .where('c.hold', '=', 'estimate')
      .where('e.state', '=', 'ready')
      .execute();
    return rows.map(({ job_id }) => job_id);
  }

  /** Jobs that wait for an estimate that cannot be made, which nobody was told. */
  async #unmeasured(): Promise<string[]> {
    const rows = await this.#parts.db
      .selectFrom('job_costs as c')
      .innerJoin('estimates as e', 'e.id', 'c.estimate_id')
      .select('c.job_id')
      .where('c.hold', '=', 'estimate')
      .where('c.is_told', '=', false)
      .where('e.state', '=', 'failed')
      .execute();
    return rows.map(({ job_id }) => job_id);
  }

  /** Jobs under way that have taken as much as they may; what has no frames left to draw comes to its end. */
  async #spent(): Promise<string[]> {
    const rows = await this.#parts.db
      .selectFrom('job_costs as c')
      .innerJoin('jobs as j', 'j.id', 'c.job_id')
      .innerJoin('layer_use as u', 'u.job_id', 'c.job_id')
      .select('c.job_id')
      .where('j.state', 'in', ['queued', 'running'])
      .where(({ eb, ref }) => eb(sql<number>`j.frames_done + j.frames_failed`, '<', ref('j.frame_count')))
      .where('c.budget_slot_sec', 'is not', null)
      .where('c.is_approved', '=', false)
      .groupBy(['c.job_id', 'c.budget_slot_sec'])
      .having((eb) => eb(eb.fn.sum(sql`u.slot_sec + u.running_sec`), '>=', eb.ref('c.budget_slot_sec')))
      .execute();
    return rows.map(({ job_id }) => job_id);
  }

  /** Begins a job that fits its budget; what does not stays held, with its estimate. */
  async #decide(jobId: string): Promise<void> {
    await this.#parts.change(async (trx, tell) => {
      const job = (await lockJobs(trx, [jobId])).get(jobId);
      const costs = await readCosts(trx, jobId);
      if (!job || costs?.hold !== 'estimate' || costs.estimate_id === null) return;
      const { result } = await trx
        .selectFrom('estimates')
        .select('result')
        .where('id', '=', costs.estimate_id)
        .executeTakeFirstOrThrow();
      if (result === null) return;
      const isHeld = costs.budget_slot_sec !== null && isOver(result, costs.budget_slot_sec);
      await trx
        .updateTable('job_costs')
        .set({ estimate: JSON.stringify(result), hold: isHeld ? 'budget' : null })
        .where('job_id', '=', jobId)
        .execute();
      if (isHeld || job.state !== 'paused' || (await wasPaused(trx, jobId))) await tellHeld(trx, tell, job);
      else await tellHeld(trx, tell, await saveState(trx, job, 'queued'));
    });
    this.#parts.wake();
  }

  async #tellUnmeasured(jobId: string): Promise<void> {
    await this.#parts.change(async (trx, tell) => {
      const job = (await lockJobs(trx, [jobId])).get(jobId);
      if (!job) return;
      await trx.updateTable('job_costs').set({ is_told: true }).where('job_id', '=', jobId).execute();
      await tellHeld(trx, tell, job);
    });
  }

  async #stop(jobId: string): Promise<void> {
    const { change, ending, settle } = this.#parts;
    const ended = await change(async (trx, tell) => {
      const job = (await lockJobs(trx, [jobId])).get(jobId);
      const costs = await readCosts(trx, jobId);
      if (!job || (job.state !== 'queued' && job.state !== 'running')) return [];
      if (job.frames_done + job.frames_failed >= job.frame_count) return [];
      if (!costs || costs.budget_slot_sec === null || costs.is_approved) return [];
      if ((await readUsedSec(trx, jobId)) < costs.budget_slot_sec) return [];
      await trx.updateTable('job_costs').set({ hold: 'budget' }).where('job_id', '=', jobId).execute();
      const stopped = await saveState(trx, job, 'paused');
      const ends = await endsOfPaused(trx, [jobId], 'the job reached its budget', false);
      const withdrawn = await endAttempts(trx, tell, ends, ending);
      await tellHeld(trx, tell, stopped);
      return withdrawn;
    });
    await settle(ended);
  }
}

async function saveState(trx: Transaction<Database>, job: JobRow, state: 'queued' | 'paused'): Promise<JobRow> {
  await trx.updateTable('jobs').set({ state }).where('id', '=', job.id).execute();
  return { ...job, state };
}
