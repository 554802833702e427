/**
 * Frames and films that have failed for good are tried again, with all their tries. A frame that is done is what it is, for the
 * same scene and settings draw the same bytes; where somebody asks for it, because a machine has drawn it wrong, it is
 * forgotten and drawn anew.
 */
import { type FrameRange, includesFrame, KilnError, parseFrameRange, type RetryRequest } from '@kiln/shared';
import { type RawBuilder, type Selectable, sql, type Transaction } from 'kysely';
import { type AttemptEnd, type EndedAttempt, endAttempts } from '../dispatch/end-attempts.ts';
import type { Database } from '../store/tables.ts';
import type { Controlled, ControlParts } from './control.ts';
import { findAssets } from './find-assets.ts';
import { tellHeld } from './holds.ts';
import { lockOwnJob, saveJob } from './job-row.ts';
import { type JobRow, jobView, type LayerRow } from './present.ts';
import { taskFrames } from './task-frames.ts';

/** What is tried again. */
interface Again {
  /** Null: everything of the job that has failed. */
  readonly taskIds: readonly string[] | null;
  /** Of these, how many have failed. */
  readonly tasksFailed: number;
  /** Frames that have failed. */
  readonly frames: number;
  /** Frames that are done. */
  readonly done: readonly DoneFrame[];
  /** Whose films lack them. */
  readonly layerIds: readonly string[];
}

interface DoneFrame {
  readonly layer: string;
  readonly frame: number;
}

/**
 * A job that has failed, or stopped because too much of it had, goes on; films that were made without the frames are made anew.
 *
 * @throws KilnError `resource.not_found` for a job, or its scene or an asset that was deleted; `resource.conflict` for a
 *   job that was cancelled, or of which nothing has failed; `request.invalid` for frames that are not there to be tried again.
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
    const again = await findFrames(trx, job, rows, request);
    const films = await filmsToMake(trx, job, again);
    if (again.frames === 0 && again.done.length === 0 && films.length === 0) {
      throw new KilnError('resource.conflict', `nothing of job ${jobId} has failed`);
    }
    await forgetFrames(trx, job, again);
    await openFrames(trx, job, again);
    const ended = await stopFilms(films, (ends) => endAttempts(trx, tell, ends, ending));
    await openFilms(trx, films);
    const reopenedJob = reopened(job, again, films);
    await saveJob(trx, reopenedJob);
    if (job.archived_at !== null) {
      await trx.updateTable('jobs').set({ archived_at: null }).where('id', '=', jobId).execute();
    }
    const after = await tellHeld(trx, tell, reopenedJob);
    return { job: jobView(after, (await layers.current(trx, [after])).get(jobId) ?? []), ended };
  });
}

function reopened(job: JobRow, { taskIds, tasksFailed, frames, done }: Again, films: readonly FilmRow[]): JobRow {
  const count = (state: FilmRow['state']) => films.filter((film) => film.state === state).length;
  const left = {
    frames_done: job.frames_done - done.length,
    frames_failed: job.frames_failed - frames,
    frames_redrawn: job.frames_redrawn + done.length,
    films_failed: job.films_failed - count('failed'),
    films_done: job.films_done - count('succeeded'),
  };
  const isClean = left.frames_failed + left.films_failed === 0;
  return {
    ...job,
    ...left,
    tasks_failed: taskIds === null ? 0 : job.tasks_failed - tasksFailed,
    state:
      job.state === 'failed' || job.state === 'succeeded'
        ? 'queued'
        : job.stopped && job.state === 'paused'
          ? 'running'
          : job.state,
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

async function findFrames(
  trx: Transaction<Database>,
  job: JobRow,
  layers: readonly LayerRow[],
  { frames, layer, done: isAnew = false }: RetryRequest,
): Promise<Again> {
  if (isAnew && frames === undefined) {
    throw new KilnError('request.invalid', 'name the frames that are to be drawn anew', { field: '/frames' });
  }
  if (frames === undefined && layer === undefined) {
    const layerIds = await layersThatLack(trx, job);
    return { taskIds: null, tasksFailed: job.tasks_failed, frames: job.frames_failed, done: [], layerIds };
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
  const tasks = await tasksToRedo(trx, [...known.keys()], isAnew ? wanted : null);
  const delivered = await deliveredOf(
    trx,
    tasks.map(({ id }) => id),
  );
  const [taskIds, done]: [string[], DoneFrame[]] = [[], []];
  const layerIds = new Set<string>();
  const found = new Set<number>();
  let [tasksFailed, count] = [0, 0];
  for (const { id, layer_id, state, ...place } of tasks) {
    const row = known.get(layer_id ?? '');
    if (!row) continue;
    const there = delivered.get(id);
    const all = taskFrames(row, place);
    const lacking = all.filter((frame) => !there?.has(frame));
    const anew = isAnew && wanted ? all.filter((frame) => there?.has(frame) && includesFrame(wanted, frame)) : [];
    if (wanted && anew.length === 0 && !lacking.some((frame) => includesFrame(wanted, frame))) continue;
    taskIds.push(id);
    layerIds.add(row.id);
    if (state === 'failed') tasksFailed += 1;
    count += lacking.length;
    done.push(...anew.map((frame) => ({ layer: row.id, frame })));
    for (const frame of [...lacking, ...anew]) found.add(frame);
  }
  if (wanted) checkAllFound(wanted, found, isAnew);
  return { taskIds, tasksFailed, frames: count, done, layerIds: [...layerIds] };
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

/** @throws KilnError `request.invalid` naming the first frame that is not there to be tried again. */
function checkAllFound({ segments }: FrameRange, found: ReadonlySet<number>, isAnew: boolean): void {
  for (const { first, step, count } of segments) {
    for (let at = 0; at < count; at += 1) {
      const frame = first + at * step;
      if (found.has(frame)) continue;
      const why = isAnew
        ? `frame ${frame} is neither done nor failed; it is still to be drawn, or not of the job`
        : `frame ${frame} has not failed; one that is done is drawn anew where \`done\` says so`;
      throw new KilnError('request.invalid', why, { field: '/frames' });
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

/** Tasks of these layers that have failed, and those that have drawn frames which are wanted anew. */
async function tasksToRedo(
  trx: Transaction<Database>,
  layerIds: readonly string[],
  anew: FrameRange | null,
): Promise<readonly RedoneTask[]> {
  const layers = sql`(select jsonb_array_elements_text(${JSON.stringify(layerIds)}::jsonb))`;
  const segments = JSON.stringify(anew?.segments ?? []);
  const { rows } = await sql<RedoneTask>`
    select t.id, t.kind, t.index, t.layer_id, t.state from tasks t
    where t.layer_id in ${layers} and t.state = 'failed'
      and (t.kind = 'assemble' or (t.kind = 'render' and t.feeds is null))
    union
    select t.id, t.kind, t.index, t.layer_id, t.state
    from jsonb_to_recordset(${segments}::jsonb) as s(first int, step int, count int)
    cross join lateral generate_series(0, s.count - 1) as at
    join frames f on f.layer_id in ${layers} and f.frame_number = s.first + at * s.step
    join tasks t on t.id = f.task_id
    where t.state = 'succeeded'`.execute(trx);
  return rows;
}

interface RedoneTask {
  readonly id: string;
  readonly kind: Selectable<Database['tasks']>['kind'];
  readonly index: number;
  readonly layer_id: string | null;
  readonly state: 'failed' | 'succeeded';
}

/** Frames that these tasks have delivered. */
async function deliveredOf(trx: Transaction<Database>, taskIds: readonly string[]): Promise<Map<string, Set<number>>> {
  const { rows } = await sql<{ task_id: string; frame_number: number }>`
    select f.task_id, f.frame_number from attempts a join frames f on f.attempt_id = a.id
    where a.task_id in (select jsonb_array_elements_text(${JSON.stringify(taskIds)}::jsonb))`.execute(trx);
  const delivered = new Map<string, Set<number>>();
  for (const { task_id, frame_number } of rows) {
    delivered.set(task_id, (delivered.get(task_id) ?? new Set()).add(frame_number));
  }
  return delivered;
}

/** Frames that are done and are drawn anew; their files stay until nothing refers to them. */
async function forgetFrames(trx: Transaction<Database>, job: JobRow, { done, taskIds }: Again): Promise<void> {
  if (done.length === 0 || taskIds === null) return;
  await sql`
    delete from frames f using jsonb_to_recordset(${JSON.stringify(done)}::jsonb) as x(layer text, frame int)
    where f.layer_id = x.layer and f.frame_number = x.frame`.execute(trx);
  await sql`
    update tasks set redone = redone + 1
    where id in (select jsonb_array_elements_text(${JSON.stringify(taskIds)}::jsonb)) and state = 'succeeded'`.execute(
    trx,
  );
  await trx
    .updateTable('jobs')
    .set({ frames_redrawn: sql<number>`frames_redrawn + ${done.length}` })
    .where('id', '=', job.id)
    .execute();
}

/** Their tasks wait again. Of a divided frame all parts do: what was drawn of it went when it failed. */
async function openFrames(trx: Transaction<Database>, { id }: JobRow, { taskIds }: Again): Promise<void> {
  const which: RawBuilder<boolean> =
    taskIds === null
      ? sql`t.job_id = ${id}`
      : sql`t.id in (select jsonb_array_elements_text(${JSON.stringify(taskIds)}::jsonb))`;
  const states = taskIds === null ? ['failed'] : ['failed', 'succeeded'];
  await sql`
    update tasks t set state = 'waiting', tries = 0, not_before = null, ended_at = null
    where ${which} and t.kind = 'render' and t.feeds is null and t.state in (${sql.join(states)})`.execute(trx);
  await sql`
    with frames as (
      update tasks t set state = 'blocked', tries = 0, not_before = null, ended_at = null, adapter_class = null,
        needs = (l.division->'tiles'->>'columns')::int * (l.division->'tiles'->>'rows')::int
          * (l.division->>'sampleRanges')::int
      from layers l
      where ${which} and l.id = t.layer_id and t.kind = 'assemble' and t.state in (${sql.join(states)})
      returning t.id
    )
    update tasks p set state = 'waiting', tries = 0, not_before = null, ended_at = null
    from frames where p.feeds = frames.id and p.state in ('failed', 'cancelled', 'succeeded')`.execute(trx);
}

type FilmRow = Awaited<ReturnType<typeof filmsToMake>>[number];

/** Films that have failed, and those that lack frames which are now tried again. */
function filmsToMake(trx: Transaction<Database>, { id }: JobRow, { taskIds, layerIds }: Again) {
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
