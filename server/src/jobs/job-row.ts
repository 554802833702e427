/**
 * A job's row is the lock of everything in it: whoever changes its tasks, attempts, frames or counters locks it first,
 * several in the order of their ids. A job that was purged is not there any more.
 */
import { type Job, type JobState, type JobWait, KilnError } from '@kiln/shared';
import type { Transaction } from 'kysely';
import type { Database } from '../store/tables.ts';
import type { JobRow } from './present.ts';

export async function lockJobs(
  trx: Transaction<Database>,
  jobIds: readonly string[],
): Promise<ReadonlyMap<string, JobRow>> {
  const ids = [...new Set(jobIds)];
  if (ids.length === 0) return new Map();
  const rows = await trx
    .selectFrom('jobs')
    .selectAll()
    .where('id', 'in', ids)
    .where('purged_at', 'is', null)
    .orderBy('id')
    .forNoKeyUpdate()
    .execute();
  return new Map(rows.map((row) => [row.id, row]));
}

/** @throws KilnError `resource.not_found`, also for another tenant's job. */
export async function lockOwnJob(trx: Transaction<Database>, tenantId: string, jobId: string): Promise<JobRow> {
  const job = (await lockJobs(trx, [jobId])).get(jobId);
  if (job?.tenant_id !== tenantId) throw new KilnError('resource.not_found', `there is no job ${jobId}`);
  return job;
}

/** @throws KilnError `resource.conflict` for a job that is not over. */
export function checkOver({ id, state }: Pick<JobRow, 'id' | 'state'>): void {
  if (!isOpen(state)) return;
  throw new KilnError('resource.conflict', `job ${id} is not over: cancel it, or wait for its end`);
}

/** What happened to some frames and films of a job. */
export interface JobProgress {
  readonly done: number;
  readonly failed: number;
  /** Tasks that have failed for good, those of these frames. */
  readonly tasksFailed: number;
  readonly filmsDone: number;
  readonly filmsFailed: number;
  readonly error: Job['error'];
}

export const NO_PROGRESS: JobProgress = {
  done: 0,
  failed: 0,
  tasksFailed: 0,
  filmsDone: 0,
  filmsFailed: 0,
  error: null,
};

/** The columns of a job that move while it runs. */
export type JobCounters = Pick<
  JobRow,
  | 'state'
  | 'frames_done'
  | 'frames_failed'
  | 'films_done'
  | 'films_failed'
  | 'tasks_failed'
  | 'stopped'
  | 'waits_for'
  | 'error'
  | 'started_at'
  | 'ended_at'
>;

/**
 * Pure: the job after `progress`. The last frame or film ends it: `failed` when any of them did, else `succeeded`. When as many tasks have failed as may, it is
 * paused: frames whose fate is open can still be drawn, so it has not ended.
 */
export function advanceJob(job: JobRow, progress: JobProgress, now: Date): JobCounters {
  const frames_done = job.frames_done + progress.done;
  const frames_failed = job.frames_failed + progress.failed;
  const films_done = job.films_done + progress.filmsDone;
  const films_failed = job.films_failed + progress.filmsFailed;
  const ended = frames_done + frames_failed >= job.frame_count && films_done + films_failed >= job.film_count;
  const tasks_failed = job.tasks_failed + progress.tasksFailed;
  const stops = progress.tasksFailed > 0 && job.max_failed_tasks !== null && tasks_failed >= job.max_failed_tasks;
  const open: JobState = stops ? 'paused' : job.state === 'queued' ? 'running' : job.state;
  const over: JobState = frames_failed + films_failed > 0 ? 'failed' : 'succeeded';
  return {
    state: ended ? over : open,
    frames_done,
    frames_failed,
    films_done,
    films_failed,
    tasks_failed,
    stopped: job.stopped || stops,
    waits_for: stops ? stopWait({ id: job.id, tasks_failed }) : job.waits_for,
    error: job.error ?? progress.error,
    started_at: job.started_at ?? now,
    ended_at: ended ? now : null,
  };
}

/** What a job waits for that stopped after as many of its tasks had failed as may. */
export function stopWait({ id, tasks_failed: n }: Pick<JobRow, 'id' | 'tasks_failed'>): JobWait {
  const tasks = n === 1 ? 'one of its tasks' : `${n} of its tasks`;
  const message = `Stopped after ${tasks} failed: \`kiln job ${id} --retry\` tries again and goes on, \`--resume\` goes on without.`;
  return { reason: 'failures', message };
}

/** Writes what moves of a job. The caller holds its lock. */
export async function saveJob(trx: Transaction<Database>, job: JobRow): Promise<void> {
  const { state, frames_done, frames_failed, films_done, films_failed, error, started_at, ended_at } = job;
  const { tasks_failed, stopped, waits_for } = job;
  await trx
    .updateTable('jobs')
    .set({
      ...{ state, frames_done, frames_failed, films_done, films_failed, tasks_failed, stopped, started_at, ended_at },
      error: error === null ? null : JSON.stringify(error),
      waits_for: waits_for === null ? null : JSON.stringify(waits_for),
    })
    .where('id', '=', job.id)
    .execute();
}

/** As columns have it: null where there is nothing. */
export const listOrNull = <T>(list: readonly T[]): T[] | null => (list.length === 0 ? null : [...list]);

/** A cancelled or finished job takes no results. */
export const isOpen = (state: JobState) => state === 'queued' || state === 'running' || state === 'paused';
