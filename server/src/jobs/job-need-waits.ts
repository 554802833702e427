/** What jobs wait for of which nothing can be given out, because layers need those of other jobs. */
import { type JobState, type JobWait, placeOf } from '@kiln/shared';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../store/tables.ts';
import { isStuck, missingNumber } from './layer-needs.ts';
import type { JobRow } from './present.ts';
import { drawnOrder, type TaskSlicing, taskOfPlace } from './task-frames.ts';

interface Missing extends TaskSlicing {
  readonly job_id: string;
  /** Of the layer that waits. */
  readonly name: string;
  readonly needed_id: string;
  readonly needed_name: string;
  readonly needed_state: JobState;
  readonly layer_id: string;
  readonly layer: string;
  /** Null: it waits for all of them. */
  readonly frame: number | null;
  readonly done: string;
  readonly failed: string;
}

/** @param jobs that workers which are here could draw. */
export async function readJobNeedWaits(
  db: Kysely<Database>,
  jobs: readonly JobRow[],
): Promise<ReadonlyMap<string, JobWait>> {
  const ids = jobs.flatMap(({ id, needed_jobs }) => (needed_jobs === null ? [] : [id]));
  if (ids.length === 0) return new Map();
  const { rows } = await sql<Missing>`
    select l.job_id, l.name, o.id as needed_id, o.name as needed_name, o.state as needed_state, b.id as layer_id,
      b.name as layer, m.frame, b.frames, b.frame_count, b.test_frames, b.single_tasks, b.chunk, b.division,
      case when n.frames = 'all' then (select count(*) from frames where layer_id = b.id) else 0 end as done,
      case when n.frames = 'all' then (
        select count(*) from tasks where layer_id = b.id and state = 'failed' and feeds is null and kind <> 'film')
        else 0 end as failed
    from layers l
    cross join lateral jsonb_to_recordset(l.needs) as n(job text, layer text, frames text)
    join jobs o on o.id = n.job and o.state <> 'succeeded'
    join layers b on b.job_id = o.id and b.name = n.layer
    cross join lateral (
      select case when n.frames = 'same' then (${missingNumber('l', 'g.number')}) end as frame) m
    where l.job_id in (select jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb)) and l.released < l.task_count
      and (m.frame is not null
        or (n.frames = 'all' and b.frame_count > (select count(*) from frames where layer_id = b.id)))
      and ${isStuck('l')}
    order by l.job_id, l.position`.execute(db);
  const failed = await readFailed(db, rows);
  const waits = new Map<string, { readonly wait: JobWait; readonly isLost: boolean }>();
  for (const row of rows) {
    const isFailed = row.frame === null ? Number(row.failed) > 0 : failed.has(taskKey(row));
    const isLost = isFailed || row.needed_state === 'cancelled';
    // Of several the one is told that somebody must do something about.
    const known = waits.get(row.job_id);
    if (known && (known.isLost || !isLost)) continue;
    waits.set(row.job_id, { wait: { reason: 'layer', message: messageOf(row, isFailed) }, isLost });
  }
  return new Map([...waits].map(([id, { wait }]) => [id, wait]));
}

/** The task of the frame that is missing. */
const taskKey = (row: Missing): string =>
  `${row.layer_id}/${row.frame === null ? -1 : taskOfPlace(row, placeOf(drawnOrder(row), row.frame))}`;

/** Those of these tasks that have failed. */
async function readFailed(db: Kysely<Database>, missing: readonly Missing[]): Promise<ReadonlySet<string>> {
  const asked = missing.flatMap((row) => {
    if (row.frame === null) return [];
    const index = taskOfPlace(row, placeOf(drawnOrder(row), row.frame));
    return [{ layer_id: row.layer_id, kind: row.division === null ? 'render' : 'assemble', index }];
  });
  if (asked.length === 0) return new Set();
  const { rows } = await sql<{ layer_id: string; index: number }>`
    select t.layer_id, t.index
    from jsonb_to_recordset(${JSON.stringify(asked)}::jsonb) as x(layer_id text, kind text, index int)
    join tasks t on t.layer_id = x.layer_id and t.kind = x.kind and t.index = x.index
    where t.state = 'failed'`.execute(db);
  return new Set(rows.map(({ layer_id, index }) => `${layer_id}/${index}`));
}

function messageOf(row: Missing, isFailed: boolean): string {
  const { name, layer, needed_id, needed_name, frame, done, frame_count } = row;
  const job = `job “${needed_name}” (${needed_id}), layer “${layer}”`;
  const what = frame === null ? `${job}: ${done} of ${frame_count} frames done` : `frame ${frame} of ${job}`;
  return `Layer “${name}” waits for ${what}${fateOf(row, isFailed)}.`;
}

function fateOf({ needed_state, frame }: Missing, isFailed: boolean): string {
  if (needed_state === 'cancelled') return '; that job was cancelled: cancel this one, too';
  if (isFailed) return frame === null ? '; some failed: retry them' : '; it failed: retry it';
  return needed_state === 'paused' ? '; that job is paused' : '';
}
