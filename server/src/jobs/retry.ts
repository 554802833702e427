/**
 * Frames and films that have failed for good are tried again, with all their tries. A frame that is done is what it is: the
 * same scene and settings would draw the same bytes.
 */
import { type FrameRange, includesFrame, KilnError, parseFrameRange, type RetryRequest } from '@kiln/shared';
import { type RawBuilder, sql, type Transaction } from 'kysely';
import { type AttemptEnd, type EndedAttempt, endAttempts } from '../dispatch/end-attempts.ts';
import type { Database } from '../store/tables.ts';
import type { Controlled, ControlParts } from './control.ts';
import { findAssets } from './find-assets.ts';
import { tellHeld } from './holds.ts';
import { lockOwnJob, saveJob } from './job-row.ts';
import { type JobRow, jobView, type LayerRow } from './present.ts';
import { taskFrames } from './task-frames.ts';

/** What is tried again. */
interface Failed {
  /** Null: everything of the job that has failed. */
  readonly taskIds: readonly string[] | null;
  readonly frames: number;
  /** Whose films lack them. */
  readonly layerIds: readonly string[];
}

/**
 * A job that has failed, or stopped because too much of it had, goes on; films that were made without the frames are made anew.
 *
 * @throws KilnError `resource.not_found` for a job, or its scene or an asset that was deleted; `resource.conflict` for a
 *   job that was cancelled, or of which nothing has failed; `request.invalid` for frames that have not failed.
 */
export function retryJob(
  tenantId: string,
  jobId: string,
  request: RetryRequest,
  { change, layers, ending }: ControlParts,
): Promise<Controlled> {
  return change(async (trx, tell) => {
    const job = await lockOwnJob(trx, tenantId, jobId);
    if (job.state === 'cancelled') {
      throw new KilnError('resource.conflict', `job ${jobId} was cancelled; submit it again`);
    }
    const rows = await trx.selectFrom('layers').selectAll().where('job_id', '=', jobId).orderBy('position').execute();
    await checkSources(trx, job, rows);
    const failed = await findFailed(trx, job, rows, request);
    const films = await filmsToMake(trx, job, failed);
    if (failed.frames === 0 && films.length === 0) {
      throw new KilnError('resource.conflict', `nothing of job ${jobId} has failed`);
    }
    await openFrames(trx, job, failed);
    const ended = await stopFilms(films, (ends) => endAttempts(trx, tell, ends, ending));
    await openFilms(trx, films);
    const reopenedJob = reopened(job, failed, films);
    await saveJob(trx, reopenedJob);
    if (job.archived_at !== null) {
      await trx.updateTable('jobs').set({ archived_at: null }).where('id', '=', jobId).execute();
    }
    const after = await tellHeld(trx, tell, reopenedJob);
    return { job: jobView(after, (await layers.current(trx, [after])).get(jobId) ?? []), ended };
  });
}

function reopened(job: JobRow, { taskIds, frames }: Failed, films: readonly FilmRow[]): JobRow {
  const count = (state: FilmRow['state']) => films.filter((film) => film.state === state).length;
  const left = {
    frames_failed: job.frames_failed - frames,
    films_failed: job.films_failed - count('failed'),
    films_done: job.films_done - count('succeeded'),
  };
  const isClean = left.frames_failed + left.films_failed === 0;
  return {
    ...job,
    ...left,
    tasks_failed: taskIds === null ? 0 : job.tasks_failed - taskIds.length,
    state: job.state === 'failed' ? 'queued' : job.stopped && job.state === 'paused' ? 'running' : job.state,
    stopped: false,
    error: isClean ? null : job.error,
    ended_at: null,
    // It is not over any more: it belongs among those that are listed.
    archived_at: null,
  };
}

/** They may have been deleted since the job ended. */
async function checkSources(trx: Transaction<Database>, job: JobRow, layers: readonly LayerRow[]): Promise<void> {
  const scene = await trx
    .selectFrom('scenes')
    .select('id')
    .where('id', '=', job.scene_id)
    .where('deleted_at', 'is', null)
    .forShare()
    .executeTakeFirst();
  if (!scene) throw new KilnError('resource.not_found', `the scene of job ${job.id} was deleted; upload it again`);
  await findAssets(trx, job.tenant_id, layers);
}

async function findFailed(
  trx: Transaction<Database>,
  job: JobRow,
  layers: readonly LayerRow[],
  { frames, layer }: RetryRequest,
): Promise<Failed> {
  if (frames === undefined && layer === undefined) {
    return { taskIds: null, frames: job.frames_failed, layerIds: await layersThatLack(trx, job) };
  }
  const among = layers.filter(({ name }) => layer === undefined || name === layer);
  if (among.length === 0) {
    const names = layers.map(({ name }) => name).join(', ');
    throw new KilnError('request.invalid', `the job has no layer “${layer}”; use one of: ${names}`, {
      field: '/layer',
    });
  }
  const wanted = frames === undefined ? null : parseWanted(frames);
  const known = new Map(among.map((row) => [row.id, row]));
  const tasks = await trx
    .selectFrom('tasks')
    .select(['id', 'kind', 'index', 'layer_id'])
    .where('layer_id', 'in', [...known.keys()])
    .where('state', '=', 'failed')
    .where((eb) => eb.or([eb('kind', '=', 'assemble'), eb.and([eb('kind', '=', 'render'), eb('feeds', 'is', null)])]))
    .execute();
  const delivered = await deliveredOf(trx, [...known.keys()]);
  const taskIds: string[] = [];
  const layerIds = new Set<string>();
  const missing = new Set<number>();
  let count = 0;
  for (const { id, layer_id, ...place } of tasks) {
    const row = known.get(layer_id ?? '');
    if (!row) continue;
    const done = delivered.get(id);
    const lacking = taskFrames(row, place).filter((frame) => !done?.has(frame));
    if (wanted && !lacking.some((frame) => includesFrame(wanted, frame))) continue;
    taskIds.push(id);
    layerIds.add(row.id);
    count += lacking.length;
    for (const frame of lacking) missing.add(frame);
  }
  if (wanted) checkAllFailed(wanted, missing);
  return { taskIds, frames: count, layerIds: [...layerIds] };
}

function parseWanted(frames: string): FrameRange {
  try {
    return parseFrameRange(frames);
  } catch (cause) {
    if (!(cause instanceof KilnError)) throw cause;
    throw new KilnError(cause.code, cause.message, {
      field: '/frames',
      ...(cause.position === undefined ? {} : { position: cause.position }),
    });
  }
}

/** @throws KilnError `request.invalid` naming the first frame that has not failed. */
function checkAllFailed({ segments }: FrameRange, failed: ReadonlySet<number>): void {
  for (const { first, step, count } of segments) {
    for (let at = 0; at < count; at += 1) {
      const frame = first + at * step;
      if (failed.has(frame)) continue;
      throw new KilnError('request.invalid', `frame ${frame} has not failed; only frames that have are tried again`, {
        field: '/frames',
      });
    }
  }
}

/** Layers some frames of which have failed. */
async function layersThatLack(trx: Transaction<Database>, { id, frames_failed }: JobRow): Promise<string[]> {
  if (frames_failed === 0) return [];
  const rows = await trx
    .selectFrom('tasks')
    .select('layer_id')
    .distinct()
    .where('job_id', '=', id)
    .where('state', '=', 'failed')
    .where('kind', '!=', 'film')
    .execute();
  return rows.flatMap(({ layer_id }) => layer_id ?? []);
}

/** Frames that tasks delivered before they failed, by task. */
async function deliveredOf(trx: Transaction<Database>, layerIds: string[]): Promise<Map<string, Set<number>>> {
  const rows = await trx
    .selectFrom('frames as f')
    .innerJoin('tasks as t', 't.id', 'f.task_id')
    .select(['f.task_id', 'f.frame_number'])
    .where('f.layer_id', 'in', layerIds)
    .where('t.state', '=', 'failed')
    .execute();
  const delivered = new Map<string, Set<number>>();
  for (const { task_id, frame_number } of rows) {
    delivered.set(task_id, (delivered.get(task_id) ?? new Set()).add(frame_number));
  }
  return delivered;
}

/** Their tasks wait again. Of a divided frame all parts do: what was drawn of it went when it failed. */
async function openFrames(trx: Transaction<Database>, { id }: JobRow, { taskIds }: Failed): Promise<void> {
  const which: RawBuilder<boolean> =
    taskIds === null
      ? sql`t.job_id = ${id}`
      : sql`t.id in (select jsonb_array_elements_text(${JSON.stringify(taskIds)}::jsonb))`;
  await sql`
    update tasks t set state = 'waiting', tries = 0, not_before = null, ended_at = null
    where ${which} and t.kind = 'render' and t.feeds is null and t.state = 'failed'`.execute(trx);
  await sql`
    with frames as (
      update tasks t set state = 'blocked', tries = 0, not_before = null, ended_at = null, adapter_class = null,
        needs = (l.division->'tiles'->>'columns')::int * (l.division->'tiles'->>'rows')::int
          * (l.division->>'sampleRanges')::int
      from layers l
      where ${which} and l.id = t.layer_id and t.kind = 'assemble' and t.state = 'failed'
      returning t.id
    )
    update tasks p set state = 'waiting', tries = 0, not_before = null, ended_at = null
    from frames where p.feeds = frames.id and p.state in ('failed', 'cancelled', 'succeeded')`.execute(trx);
}

type FilmRow = Awaited<ReturnType<typeof filmsToMake>>[number];

/** Films that have failed, and those that lack frames which are now tried again. */
function filmsToMake(trx: Transaction<Database>, { id }: JobRow, { taskIds, layerIds }: Failed) {
  return trx
    .selectFrom('tasks as t')
    .leftJoin('attempts as a', (join) =>
      join.onRef('a.task_id', '=', 't.id').on('a.state', 'in', ['assigned', 'running']),
    )
    .select(['t.id', 't.state', 'a.id as attempt_id'])
    .where('t.job_id', '=', id)
    .where('t.kind', '=', 'film')
    .where((eb) =>
      eb.or([
        ...(taskIds === null ? [eb('t.state', '=', 'failed')] : []),
        ...(layerIds.length > 0
          ? [eb.and([eb('t.layer_id', 'in', layerIds), eb('t.state', 'in', ['leased', 'succeeded', 'failed'])])]
          : []),
      ]),
    )
    .execute();
}

async function stopFilms(
  films: readonly FilmRow[],
  end: (ends: AttemptEnd[]) => Promise<EndedAttempt[]>,
): Promise<EndedAttempt[]> {
  return end(
    films.flatMap(({ attempt_id }): AttemptEnd[] =>
      attempt_id === null
        ? []
        : [
            {
              attemptId: attempt_id,
              state: 'cancelled',
              reason: null,
              message: 'frames that it lacked are tried again',
              retry: 'free',
            },
          ],
    ),
  );
}

async function openFilms(trx: Transaction<Database>, films: readonly FilmRow[]): Promise<void> {
  if (films.length === 0) return;
  const ids = films.map(({ id }) => id);
  await trx
    .updateTable('tasks')
    .set({ state: 'waiting', tries: 0, not_before: null, ended_at: null })
    .where('id', 'in', ids)
    .execute();
  await trx
    .updateTable('films')
    .set({ frames_taken: 0, facts: null, sha256: null, size_bytes: null, error: null, finished_at: null })
    .where('task_id', 'in', ids)
    .execute();
}
