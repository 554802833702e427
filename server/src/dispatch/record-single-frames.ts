/**
 * The common case of a result: the only frame of a task, from its first attempt. One statement records many of them with
 * their events, where `recordFrames` takes seven. What is not so simple is left out, and `recordFrames` decides about it.
 *
 * Left out are: attempts that are not open; frames of several files; objects that a sweep may have an eye on, because their rows are marked, or
 * missing although the bytes were here before (the look for the bytes must then lie inside the transaction).
 */
import type { Frame, JobChange } from '@kiln/shared';
import { type Kysely, sql } from 'kysely';
import { eventText, type LoggedEvent, mergeJobEvents } from '../events/event-log.ts';
import { frameView } from '../jobs/present.ts';
import { LOCK_KEYS } from '../store/lock-keys.ts';
import { PREPARED } from '../store/prepared.ts';
import type { Database } from '../store/tables.ts';
import type { FrameReport } from './record-frames.ts';

export interface SingleFramesParts {
  /** Whether a job is to be told of although only its counters change. */
  readonly isDue: (jobId: string) => boolean;
  readonly now: Date;
}

export interface RecordedSingles {
  /** Attempts whose frame is recorded now. */
  readonly attempts: ReadonlySet<string>;
  /** To be announced. */
  readonly events: readonly LoggedEvent[];
  /** A job has succeeded with one of them. */
  readonly hasSucceeded: boolean;
}

export const isSingle = ({ attempt, work, result }: FrameReport) =>
  work.kind === 'render' &&
  attempt.number === 1 &&
  work.frames.length === 1 &&
  !result.files?.length &&
  !result.preview;

/** In: reports for which `isSingle`. Atomic: all that is recorded, with job counters and events. */
export async function recordSingleFrames(
  db: Kysely<Database>,
  reports: readonly FrameReport[],
  { isDue, now }: SingleFramesParts,
): Promise<RecordedSingles> {
  const frames = new Map(reports.map((report) => [report.attempt.attemptId, viewOf(report, now)]));
  const input = reports.map((report, place) => rowOf(report, place, frames.get(report.attempt.attemptId)));
  const jobs = [...new Set(reports.map(({ work }) => work.jobId))].map((id) => ({
    id,
    due: isDue(id),
  }));
  const { rows } = await sql<{
    id: number;
    tenant_id: string;
    type: 'frame' | 'job';
    job_id: string;
    attempt_id: string | null;
    job: JobChange | null;
  }>`
    ${PREPARED} with input as materialized (
      select x.* from jsonb_to_recordset(${JSON.stringify(input)}::jsonb) as x(
        place int, attempt_id text, task_id text, job_id text, layer_id text, tenant_id text, frame_number int,
        sha256 text, size_bytes bigint, media_type text, stages jsonb, statistics jsonb, fresh boolean, event jsonb)
      left join objects o on o.sha256 = x.sha256
      where case when o.sha256 is null then x.fresh else o.unreferenced_at is null end
    ), held as materialized (
      select id, state from jobs where id in (select job_id from input) order by id for no key update
    ), tried as (
      update attempts a set
        state = 'succeeded', result_hash = x.sha256, started_at = coalesce(a.started_at, a.created_at),
        ended_at = now()
      from input x join held h on h.id = x.job_id
      where a.id = x.attempt_id and a.state in ('assigned', 'running')
      returning a.id
    ), good as materialized (
      select x.* from input x join tried on tried.id = x.attempt_id
    ), stored as (
      insert into objects (sha256, size_bytes)
      select distinct on (sha256) sha256, size_bytes from good order by sha256
      on conflict (sha256) do nothing
      returning 1
    ), recorded as (
      insert into frames (layer_id, frame_number, job_id, tenant_id, task_id, attempt_id, sha256, size_bytes,
                          media_type, stages, statistics, finished_at)
      select layer_id, frame_number, job_id, tenant_id, task_id, attempt_id, sha256, size_bytes, media_type, stages,
             nullif(statistics, 'null'::jsonb), ${now}::timestamptz
      from good order by place
      returning 1
    ), finished as (
      update tasks set state = 'succeeded', ended_at = ${now}::timestamptz where id in (select task_id from good)
      returning 1
    ), counted as materialized (
      select job_id, count(*)::int as n from good group by job_id
    ), moved as (
      update jobs j set
        frames_done = j.frames_done + c.n,
        started_at = coalesce(j.started_at, ${now}::timestamptz),
        state = case
          when j.frames_done + c.n + j.frames_failed < j.frame_count or j.films_done + j.films_failed < j.film_count
            then case when j.state = 'queued' then 'running' else j.state end
          when j.frames_failed + j.films_failed > 0 then 'failed' else 'succeeded' end,
        ended_at = case
          when j.frames_done + c.n + j.frames_failed >= j.frame_count
            and j.films_done + j.films_failed >= j.film_count then ${now}::timestamptz end
      from counted c where j.id = c.job_id
      returning j.*
    ), turn as materialized (
      -- Last of all locks: what writes above is read here to its end, for what nobody reads is written after the rest.
      select pg_advisory_xact_lock(${sql.lit(LOCK_KEYS.events)})
      from (select count(*) from stored) as s, (select count(*) from recorded) as r,
           (select count(*) from finished) as f, (select count(*) from moved) as m
    ), news as (
      select 0 as rank, place, tenant_id, 'frame' as type, job_id, event as data from good
      union all
      select 1, 0, m.tenant_id, 'job', m.id, ${JOB_JSON}
      from moved m
      join held h on h.id = m.id
      join jsonb_to_recordset(${JSON.stringify(jobs)}::jsonb) as told(id text, due boolean)
        on told.id = m.id
      where told.due or m.state <> h.state
    ), merged as (
      ${mergeJobEvents(sql`select job_id from news where type = 'job'`)}
    )
    insert into events (tenant_id, type, job_id, data, at)
    select n.tenant_id, n.type, n.job_id, n.data, ${now}::timestamptz from turn, news n order by n.rank, n.place
    returning id, tenant_id, type, job_id, data->>'attemptId' as attempt_id,
              case when type = 'job' then data end as job`.execute(db);

  const attempts = new Set(rows.flatMap((row) => row.attempt_id ?? []));
  const events = rows
    .map((row): LoggedEvent => {
      const data = row.job ?? frames.get(row.attempt_id ?? '') ?? {};
      const id = Number(row.id);
      return {
        id,
        tenantId: row.tenant_id,
        jobId: row.job_id,
        sceneId: null,
        text: eventText(id, now, row.type, data),
      };
    })
    .sort((a, b) => a.id - b.id);
  return { attempts, events, hasSucceeded: rows.some(({ job }) => job?.state === 'succeeded') };
}

const ISO = sql.raw(`'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`);
const iso = (column: string) => sql`to_char(${sql.ref(column)} at time zone 'UTC', ${ISO})`;

/** `jobChange`, for a row `m`: what it counts is known to the statement alone. */
const JOB_JSON = sql`jsonb_build_object(
  'id', m.id, 'name', m.name, 'sceneId', m.scene_id, 'state', m.state, 'user', m.user_name,
  'tags', coalesce(m.tags, '[]'), 'priority', m.priority, 'limits', coalesce(m.limits, '[]'), 'maxSlots', m.max_slots,
  'maxPerHost', m.max_per_host, 'classPolicy', m.class_policy, 'after', coalesce(m.after_jobs, '[]'), 'adapterClass', m.adapter_class,
  'waitsFor', case when m.ended_at is null then m.waits_for end,
  'frameCount', m.frame_count, 'framesDone', m.frames_done, 'framesFailed', m.frames_failed,
  'framesRedrawn', m.frames_redrawn, 'reusedSamples', m.reused_samples,
  'maxAttempts', m.max_attempts, 'maxFailedTasks', m.max_failed_tasks, 'stoppedByFailures', m.state = 'paused' and m.stopped,
  'filmCount', m.film_count, 'filmsDone', m.films_done, 'filmsFailed', m.films_failed, 'error', m.error,
  'createdAt', ${iso('m.created_at')}, 'startedAt', ${iso('m.started_at')}, 'endedAt', ${iso('m.ended_at')},
  'archivedAt', ${iso('m.archived_at')})`;

function rowOf({ attempt, work, frameNumber, mediaType, result, isFresh }: FrameReport, place: number, event?: Frame) {
  return {
    place,
    attempt_id: attempt.attemptId,
    task_id: attempt.taskId,
    job_id: work.jobId,
    layer_id: work.layerId,
    tenant_id: attempt.tenantId,
    frame_number: frameNumber,
    sha256: result.sha256,
    size_bytes: result.sizeBytes,
    media_type: mediaType,
    stages: result.stages,
    statistics: result.statistics,
    fresh: isFresh,
    event,
  };
}

const viewOf = ({ attempt, work, frameNumber, mediaType, result }: FrameReport, now: Date): Frame =>
  frameView(
    {
      layer_id: work.layerId,
      frame_number: frameNumber,
      job_id: work.jobId,
      attempt_id: attempt.attemptId,
      sha256: result.sha256,
      size_bytes: result.sizeBytes,
      media_type: mediaType,
      stages: result.stages,
      statistics: result.statistics,
      finished_at: now,
    },
    { name: work.layerName, settings: work.settings },
  );
