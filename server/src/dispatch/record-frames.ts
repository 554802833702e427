/**
 * Results become true here: each frame once, with its attempt, task and job in the same transaction. The bytes are in
 * the object store before; a crash in between leaves garbage there and nothing here.
 */
import { type Frame, type FrameResult, KilnError, type Pass } from '@kiln/shared';
import { sql, type Transaction } from 'kysely';
import type { Tell } from '../events/changes.ts';
import { advanceJob, type JobCounters, lockJobs, NO_PROGRESS } from '../jobs/job-row.ts';
import { type FrameFacts, frameView, type JobRow } from '../jobs/present.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { Database } from '../store/tables.ts';
import type { AttemptFacts, FrameFacts as FrameWork } from './attempt-facts.ts';
import { staleAttempt } from './claim.ts';
import { forgetPieces } from './dependents.ts';

/** A frame whose bytes are stored and whose lease token was checked. */
export interface FrameReport {
  readonly attempt: AttemptFacts;
  readonly work: FrameWork;
  readonly frameNumber: number;
  readonly mediaType: string;
  readonly result: FrameResult;
  /** The object store did not have these bytes before this report brought them. */
  readonly isFresh: boolean;
}

export interface Recorded {
  readonly taskDone: boolean;
  /** False when it was recorded before: the report came twice, or late. */
  readonly isNew: boolean;
}

export interface RecordedBatch {
  /** One for each report, in order. */
  readonly outcomes: readonly (Recorded | KilnError)[];
  /** Jobs that changed, and whether their state did. */
  readonly jobs: readonly { readonly row: JobRow; readonly stateChanged: boolean }[];
}

/** Everything that one batch changes, gathered in memory and written by one statement. */
interface Plan {
  readonly frames: Omit<FrameFacts, 'finished_at'>[];
  /** Files of them beside the first. */
  readonly files: {
    layer_id: string;
    frame_number: number;
    pass: Pass | 'preview';
    sha256: string;
    size_bytes: number;
  }[];
  readonly frameRows: { report: FrameReport; frame: Frame }[];
  readonly attempts: Map<string, { id: string; state: 'running' | 'succeeded'; hash: string }>;
  readonly tasks: string[];
  /** Those of them that made a frame of parts. */
  readonly assembled: string[];
}

/**
 * Four round trips for a batch of any size, frames of first attempts given: lock the jobs, look at the attempts, write
 * all, write the events.
 */
export async function recordFrames(
  trx: Transaction<Database>,
  tell: Tell,
  objects: Pick<ObjectStore, 'has'>,
  reports: readonly FrameReport[],
  now: Date,
): Promise<RecordedBatch> {
  const jobs = await lockJobs(
    trx,
    reports.map((report) => report.work.jobId),
  );
  const open = await openAttempts(trx, reports);
  const known = await knownFrames(trx, reports, open);
  const plan: Plan = { frames: [], files: [], frameRows: [], attempts: new Map(), tasks: [], assembled: [] };
  const doneByJob = new Map<string, number>();

  const outcomes = reports.map((report): Recorded | KilnError => {
    const { attempt, work, frameNumber, result } = report;
    const recorded = known.get(frameKey(work.layerId, frameNumber));
    if (recorded !== undefined) {
      const taskDone = work.frames.every((frame) => known.has(frameKey(work.layerId, frame)));
      return recorded === result.sha256 ? { taskDone, isNew: false } : staleAttempt(attempt.attemptId);
    }
    if (!open.has(attempt.attemptId)) return staleAttempt(attempt.attemptId);
    known.set(frameKey(work.layerId, frameNumber), result.sha256);
    addFrame(plan, report, now);
    doneByJob.set(work.jobId, (doneByJob.get(work.jobId) ?? 0) + 1);
    const taskDone = work.frames.every((frame) => known.has(frameKey(work.layerId, frame)));
    const state = taskDone ? 'succeeded' : 'running';
    plan.attempts.set(attempt.attemptId, { id: attempt.attemptId, state, hash: result.sha256 });
    if (taskDone) plan.tasks.push(attempt.taskId);
    if (work.kind === 'assemble') plan.assembled.push(attempt.taskId);
    return { taskDone, isNew: true };
  });

  const changed = [...doneByJob].flatMap(([jobId, done]) => {
    const row = jobs.get(jobId);
    if (!row) return [];
    const counters = advanceJob(row, { ...NO_PROGRESS, done }, now);
    return [{ row: { ...row, ...counters }, stateChanged: counters.state !== row.state }];
  });
  if (plan.frames.length > 0) {
    await write(
      trx,
      plan,
      changed.map(({ row }) => row),
      now,
    );
    await requireBytes(objects, plan);
    await forgetPieces(trx, plan.assembled);
    for (const { report, frame } of plan.frameRows) {
      tell({ type: 'frame', tenantId: report.attempt.tenantId, jobId: report.work.jobId, data: frame });
    }
  }
  return { outcomes, jobs: changed };
}

const frameKey = (layerId: string, frameNumber: number) => `${layerId}/${frameNumber}`;

async function openAttempts(trx: Transaction<Database>, reports: readonly FrameReport[]): Promise<ReadonlySet<string>> {
  const rows = await trx
    .selectFrom('attempts')
    .select('id')
    .where('id', 'in', [...new Set(reports.map((report) => report.attempt.attemptId))])
    .where('state', 'in', ['assigned', 'running'])
    .execute();
  return new Set(rows.map((row) => row.id));
}

/** Hashes of what is recorded already of the reports' tasks. Nothing can be, of the only frame of an open first attempt. */
async function knownFrames(
  trx: Transaction<Database>,
  reports: readonly FrameReport[],
  open: ReadonlySet<string>,
): Promise<Map<string, string>> {
  const unsure = reports.filter(
    ({ attempt, work }) => attempt.number > 1 || work.frames.length > 1 || !open.has(attempt.attemptId),
  );
  if (unsure.length === 0) return new Map();
  const rows = await trx
    .selectFrom('frames')
    .select(['layer_id', 'frame_number', 'sha256'])
    .where('layer_id', 'in', [...new Set(unsure.map(({ work }) => work.layerId))])
    .where('frame_number', 'in', [...new Set(unsure.flatMap(({ work }) => work.frames))])
    .execute();
  return new Map(rows.map((row) => [frameKey(row.layer_id, row.frame_number), row.sha256]));
}

function addFrame(plan: Plan, report: FrameReport, now: Date): void {
  const { attempt, work, frameNumber, result, mediaType } = report;
  const row = {
    layer_id: work.layerId,
    frame_number: frameNumber,
    job_id: work.jobId,
    tenant_id: attempt.tenantId,
    task_id: attempt.taskId,
    attempt_id: attempt.attemptId,
    sha256: result.sha256,
    size_bytes: result.sizeBytes,
    media_type: mediaType,
    stages: result.stages,
    statistics: result.statistics,
  };
  plan.frames.push(row);
  const { files = [], preview = null } = result;
  for (const { pass, sha256, sizeBytes } of [
    ...files,
    ...(preview ? [{ pass: 'preview' as const, ...preview }] : []),
  ]) {
    plan.files.push({ layer_id: work.layerId, frame_number: frameNumber, pass, sha256, size_bytes: sizeBytes });
  }
  const layer = { name: work.layerName, settings: work.settings };
  plan.frameRows.push({ report, frame: frameView({ ...row, finished_at: now }, layer, { passes: files, preview }) });
}

/**
 * In: rows as JSON. Atomic as one statement: objects are there (and free of the sweep's mark) before frames refer to
 * them; frames, attempts, tasks and jobs change together.
 */
async function write(trx: Transaction<Database>, plan: Plan, jobs: readonly JobRow[], now: Date): Promise<void> {
  const counters = jobs.map(
    (
      job,
    ): Omit<JobCounters, 'films_done' | 'films_failed' | 'tasks_failed' | 'stopped' | 'waits_for'> & {
      id: string;
    } => ({
      id: job.id,
      state: job.state,
      frames_done: job.frames_done,
      frames_failed: job.frames_failed,
      error: job.error,
      started_at: job.started_at,
      ended_at: job.ended_at,
    }),
  );
  await sql`
    with stored as (
      insert into objects (sha256, size_bytes, unreferenced_at)
      select distinct on (x.sha256) x.sha256, x.size_bytes, null::timestamptz
      from jsonb_to_recordset(${JSON.stringify([...plan.frames, ...plan.files])}::jsonb) as x(sha256 text, size_bytes bigint)
      order by x.sha256
      on conflict (sha256) do update set unreferenced_at = null
    ), recorded as (
      insert into frames (layer_id, frame_number, job_id, tenant_id, task_id, attempt_id, sha256, size_bytes,
                          media_type, stages, statistics, finished_at)
      select x.layer_id, x.frame_number, x.job_id, x.tenant_id, x.task_id, x.attempt_id, x.sha256, x.size_bytes,
             x.media_type, x.stages, nullif(x.statistics, 'null'::jsonb), ${now}::timestamptz
      from jsonb_to_recordset(${JSON.stringify(plan.frames)}::jsonb) as x(
        layer_id text, frame_number int, job_id text, tenant_id text, task_id text, attempt_id text, sha256 text,
        size_bytes bigint, media_type text, stages jsonb, statistics jsonb)
    ), filed as (
      insert into frame_files (layer_id, frame_number, pass, sha256, size_bytes)
      select x.layer_id, x.frame_number, x.pass, x.sha256, x.size_bytes
      from jsonb_to_recordset(${JSON.stringify(plan.files)}::jsonb) as x(
        layer_id text, frame_number int, pass text, sha256 text, size_bytes bigint)
    ), tried as (
      update attempts a set
        state = x.state, result_hash = x.hash, started_at = coalesce(a.started_at, a.created_at),
        ended_at = case when x.state = 'succeeded' then now() end
      from jsonb_to_recordset(${JSON.stringify([...plan.attempts.values()])}::jsonb) as x(id text, state text, hash text)
      where a.id = x.id
    ), finished as (
      update tasks set state = 'succeeded', ended_at = ${now}::timestamptz
      where id in (select jsonb_array_elements_text(${JSON.stringify(plan.tasks)}::jsonb))
    )
    update jobs j set
      state = x.state, frames_done = x.frames_done, frames_failed = x.frames_failed,
      error = nullif(x.error, 'null'::jsonb), started_at = x.started_at, ended_at = x.ended_at
    from jsonb_to_recordset(${JSON.stringify(counters)}::jsonb) as x(
      id text, state text, frames_done int, frames_failed int, error jsonb, started_at timestamptz,
      ended_at timestamptz)
    where j.id = x.id`.execute(trx);
}

/** As `recordObject` looks: a sweep that held one of the rows may have removed its bytes before this transaction. */
async function requireBytes(objects: Pick<ObjectStore, 'has'>, plan: Plan): Promise<void> {
  const here = await Promise.all([...plan.frames, ...plan.files].map(({ sha256 }) => objects.has(sha256)));
  if (here.every(Boolean)) return;
  throw new KilnError('storage.unavailable', 'the frame was swept while it was being recorded: send it again');
}
