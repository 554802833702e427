/**
 * Attempts that end without a result, and what becomes of their tasks. The one retry authority: nothing else makes a
 * task wait again or fail.
 */
import { isErrorCode, type Job, LIMITS, type TaskKind } from '@kiln/shared';
import { sql, type Transaction } from 'kysely';
import type { Tell } from '../events/changes.ts';
import { tellJob } from '../events/job-progress.ts';
import { advanceJob, isOpen, type JobProgress, lockJobs, NO_PROGRESS, saveJob } from '../jobs/job-row.ts';
import type { JobRow, TaskRow } from '../jobs/present.ts';
import { type TaskSlicing, taskFrames } from '../jobs/task-frames.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { type AppliedImport, applyImport, failedImport } from '../scenes/import-result.ts';
import type { Database } from '../store/tables.ts';
import { failDependent, forgetPieces } from './dependents.ts';
import { fromNow } from './lease-time.ts';
import { releaseClasses } from './release-class.ts';
import { nextTry, type Retry } from './retry-rule.ts';

export interface AttemptEnd {
  readonly attemptId: string;
  /** `withdrawn` ends an attempt only if it has not begun. */
  readonly state: 'failed' | 'lost' | 'withdrawn' | 'cancelled';
  /** Error code. */
  readonly reason: string | null;
  readonly message: string | null;
  readonly log?: readonly string[];
  readonly retry: Retry;
}

export interface EndedAttempt {
  readonly attemptId: string;
  readonly taskId: string;
  readonly workerId: string;
  readonly number: number;
  readonly kind: TaskKind;
  /** When the task may be tried again, in milliseconds from now; null when it is over. */
  readonly retryAfterMs: number | null;
  /** What is to be settled after the commit, when an import failed for good. */
  readonly appliedImport: AppliedImport | null;
}

export interface EndParts {
  readonly now: () => Date;
  readonly objects: Pick<ObjectStore, 'has'>;
}

/** Ends those of the attempts that are still open. */
export async function endAttempts(
  trx: Transaction<Database>,
  tell: Tell,
  ends: readonly AttemptEnd[],
  parts: EndParts,
): Promise<EndedAttempt[]> {
  if (ends.length === 0) return [];
  const tasks = await lockTasks(
    trx,
    ends.map((end) => end.attemptId),
  );
  const stoppedBefore = new Set([...tasks.jobs.values()].flatMap(({ id, stopped }) => (stopped ? [id] : [])));
  const ended: EndedAttempt[] = [];
  for (const end of ends) {
    const entry = tasks.byAttempt.get(end.attemptId);
    if (!entry) continue;
    const row = await closeAttempt(trx, end);
    if (!row) continue;
    const { others, ...settled } = await settleTask(trx, tell, end, entry, tasks.jobs, parts);
    ended.push({
      attemptId: end.attemptId,
      taskId: row.task_id,
      workerId: row.worker_id,
      number: row.number,
      kind: entry.task.kind,
      ...settled,
    });
    ended.push(...others);
  }
  ended.push(...(await withdrawStopped(trx, tell, stoppedBefore, tasks.jobs, parts)));
  const again = ended.filter(({ retryAfterMs }) => retryAfterMs !== null);
  await releaseClasses(
    trx,
    again.map(({ taskId }) => taskId),
  );
  return ended;
}

/** Of jobs that stopped just now, deliveries that have not begun are taken back: what is being drawn comes to its end. */
async function withdrawStopped(
  trx: Transaction<Database>,
  tell: Tell,
  stoppedBefore: ReadonlySet<string>,
  jobs: ReadonlyMap<string, JobRow>,
  parts: EndParts,
): Promise<EndedAttempt[]> {
  const stopped = [...jobs.values()].filter(
    ({ id, state, stopped }) => state === 'paused' && stopped && !stoppedBefore.has(id),
  );
  if (stopped.length === 0) return [];
  const ids = stopped.map(({ id }) => id);
  const ends = await endsOfPaused(trx, ids, 'as many tasks of the job have failed as may', false);
  return endAttempts(trx, tell, ends, parts);
}

/**
 * What ends when jobs are paused: deliveries that have not begun, and films, which wait for frames that do not come and would
 * hold their places for nothing; what is being drawn only with `stopRunning`.
 */
export async function endsOfPaused(
  trx: Transaction<Database>,
  jobIds: readonly string[],
  message: string,
  stopRunning: boolean,
): Promise<AttemptEnd[]> {
  const rows = await trx
    .selectFrom('attempts as a')
    .innerJoin('tasks as t', 't.id', 'a.task_id')
    .select(['a.id', 'a.state', 't.kind'])
    .where('t.job_id', 'in', jobIds)
    .where('t.state', '=', 'leased')
    .where('a.state', 'in', ['assigned', 'running'])
    .execute();
  return rows.flatMap(({ id, state, kind }): AttemptEnd[] => {
    const isStopped = stopRunning || kind === 'film';
    if (state === 'running' && !isStopped) return [];
    // One that begins meanwhile is cancelled all the same, where it is to be stopped.
    return [{ attemptId: id, state: isStopped ? 'cancelled' : 'withdrawn', reason: null, message, retry: 'free' }];
  });
}

interface TaskEntry {
  readonly task: TaskRow;
  readonly layer: (TaskSlicing & { readonly name: string }) | null;
}

interface LockedTasks {
  readonly byAttempt: ReadonlyMap<string, TaskEntry>;
  /** Rows as they are now; replaced as they change. */
  readonly jobs: Map<string, JobRow>;
}

async function lockTasks(trx: Transaction<Database>, attemptIds: readonly string[]): Promise<LockedTasks> {
  const owners = await trx
    .selectFrom('attempts as a')
    .innerJoin('tasks as t', 't.id', 'a.task_id')
    .leftJoin('layers as l', 'l.id', 't.layer_id')
    .select(['a.id', 't.id as task_id', 't.job_id', 'l.name', 'l.frames', 'l.frame_count', 'l.chunk', 'l.division'])
    .select(['l.single_tasks', 'l.test_frames'])
    .where('a.id', 'in', attemptIds)
    .execute();
  if (owners.length === 0) return { byAttempt: new Map(), jobs: new Map() };
  const jobs = await lockJobs(
    trx,
    owners.flatMap((owner) => owner.job_id ?? []),
  );
  const rows = await trx
    .selectFrom('tasks')
    .selectAll()
    .where('id', 'in', [...new Set(owners.map((owner) => owner.task_id))])
    .orderBy('id')
    .forNoKeyUpdate()
    .execute();
  const byId = new Map(rows.map((row) => [row.id, row]));
  const byAttempt = new Map<string, TaskEntry>();
  for (const { id, task_id, name, frames, frame_count, chunk, division, single_tasks, test_frames } of owners) {
    const task = byId.get(task_id);
    const layer =
      name === null || frames === null || frame_count === null || chunk === null || single_tasks === null
        ? null
        : { name, frames, frame_count, chunk, division, single_tasks, test_frames };
    if (task) byAttempt.set(id, { task, layer });
  }
  return { byAttempt, jobs: new Map(jobs) };
}

async function closeAttempt(trx: Transaction<Database>, end: AttemptEnd) {
  return trx
    .updateTable('attempts')
    .set({
      state: end.state,
      reason: end.reason,
      message: end.message,
      log: JSON.stringify(end.log ?? []),
      ended_at: sql<Date>`now()`,
    })
    .where('id', '=', end.attemptId)
    .where('state', 'in', end.state === 'withdrawn' ? ['assigned'] : ['assigned', 'running'])
    .returning(['task_id', 'worker_id', 'number'])
    .executeTakeFirst();
}

type Settled = Pick<EndedAttempt, 'retryAfterMs' | 'appliedImport'> & {
  /** Attempts at other tasks, which nobody needs any more. */
  readonly others: readonly EndedAttempt[];
};

const OVER = { retryAfterMs: null, appliedImport: null } as const;
const NOTHING_ELSE = { ...OVER, others: [] } as const satisfies Settled;

async function settleTask(
  trx: Transaction<Database>,
  tell: Tell,
  end: AttemptEnd,
  { task, layer }: TaskEntry,
  jobs: Map<string, JobRow>,
  parts: EndParts,
): Promise<Settled> {
  const job = task.job_id === null ? null : jobs.get(task.job_id);
  if (task.state !== 'leased' || (job && !isOpen(job.state))) return NOTHING_ELSE;
  const mostTries = job ? job.max_attempts : LIMITS.taskAttempts;
  const again = nextTry(end.retry, { tries: task.tries, mostTries });
  if (again) {
    await trx
      .updateTable('tasks')
      .set({
        state: 'waiting',
        tries: again.tries,
        not_before: again.waitMs === 0 ? null : fromNow(again.waitMs),
      })
      .where('id', '=', task.id)
      .execute();
  } else {
    await trx
      .updateTable('tasks')
      .set({ state: 'failed', ended_at: sql<Date>`now()` })
      .where('id', '=', task.id)
      .execute();
  }
  const dependent = again || task.feeds === null ? null : await failDependent(trx, task.feeds);
  if (!again) await forgetPieces(trx, [task.id]);
  if (job && task.kind === 'film') {
    if (!again) await failFilm(trx, tell, task, job, errorOf(end), jobs, parts);
  } else if (job && layer && dependent?.failedNow !== false) {
    const missing = end.retry === 'free' ? [] : await missingFrames(trx, task, layer);
    if (missing.length > 0) {
      tell({
        type: 'frame.failed',
        tenantId: task.tenant_id,
        jobId: job.id,
        data: { jobId: job.id, layer: layer.name, frameNumbers: missing, ...errorOf(end), willRetry: again !== null },
      });
    }
    if (!again)
      await advance(
        trx,
        tell,
        job,
        { ...NO_PROGRESS, failed: missing.length, tasksFailed: 1, error: errorOf(end) },
        jobs,
        parts,
      );
  }
  if (!job && !again) {
    const { code, message } = errorOf(end);
    const refusal = { code: code.startsWith('scene.') ? code : 'scene.import_failed', message, pointer: null };
    const appliedImport = await applyImport(trx, tell, parts.objects, task.scene_id, failedImport(refusal));
    return { ...NOTHING_ELSE, appliedImport };
  }
  return {
    retryAfterMs: again?.waitMs ?? null,
    appliedImport: null,
    others: (dependent?.cancelled ?? []).map((attempt) => ({ ...attempt, kind: 'render', ...OVER })),
  };
}

async function failFilm(
  trx: Transaction<Database>,
  tell: Tell,
  task: TaskRow,
  job: JobRow,
  error: NonNullable<Job['error']>,
  jobs: Map<string, JobRow>,
  parts: EndParts,
): Promise<void> {
  await trx
    .updateTable('films')
    .set({ error: JSON.stringify(error), finished_at: parts.now() })
    .where('task_id', '=', task.id)
    .execute();
  await advance(trx, tell, job, { ...NO_PROGRESS, filmsFailed: 1, error }, jobs, parts);
}

async function advance(
  trx: Transaction<Database>,
  tell: Tell,
  job: JobRow,
  progress: JobProgress,
  jobs: Map<string, JobRow>,
  parts: EndParts,
): Promise<void> {
  const after = { ...job, ...advanceJob(job, progress, parts.now()) };
  await saveJob(trx, after);
  jobs.set(job.id, after);
  tellJob(tell, after);
}

async function missingFrames(trx: Transaction<Database>, task: TaskRow, layer: TaskSlicing): Promise<number[]> {
  const frames = taskFrames(layer, task);
  if (task.layer_id === null || frames.length === 0) return frames;
  const rows = await trx
    .selectFrom('frames')
    .select('frame_number')
    .where('layer_id', '=', task.layer_id)
    .where('frame_number', 'in', frames)
    .execute();
  const done = new Set(rows.map((row) => row.frame_number));
  return frames.filter((frame) => !done.has(frame));
}

function errorOf(end: AttemptEnd): NonNullable<Job['error']> {
  const code = end.reason !== null && isErrorCode(end.reason) ? end.reason : 'render.failed';
  return { code, message: end.message ?? 'the attempt ended without a result' };
}
