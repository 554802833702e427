/**
 * Layers that wait for others, of their job or of another. Nothing is stored of what is ready: it follows from the tasks of the others, and what
 * is ready stays so, but for frames of theirs that are drawn anew.
 */
import type { JobWait, Layer } from '@kiln/shared';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from '../store/tables.ts';
import type { JobRow } from './present.ts';
import { isGateOpen } from './test-gate.ts';

/** Frames ahead of a cursor that are looked at: more than a pass gives out. */
const FRAMES_AHEAD = 256;

/** Parts of a frame of the row `l` of `layers`. */
const partsOf = (l: string): RawBuilder<number> => {
  const division = sql.ref(`${l}.division`);
  return sql<number>`coalesce((${division}->'tiles'->>'columns')::int * (${division}->'tiles'->>'rows')::int
    * (${division}->>'sampleRanges')::int, 1)`;
};

/** Place of the first frame of the task `index` of the row `l`, which is not divided. */
const placeOfTask = (l: string, index: RawBuilder<number>): RawBuilder<number> => {
  const singles = sql.ref(`${l}.single_tasks`);
  return sql<number>`case when ${index} < ${singles} then ${index}
    else ${singles} + (${index} - ${singles}) * ${sql.ref(`${l}.chunk`)} end`;
};

/** Index of the task of the row `l`, which is not divided, that draws the frame at a place. */
const taskOfPlace = (l: string, place: RawBuilder<number>): RawBuilder<number> => {
  const singles = sql.ref(`${l}.single_tasks`);
  return sql<number>`case when ${place} < ${singles} then ${place}
    else ${singles} + (${place} - ${singles}) / ${sql.ref(`${l}.chunk`)} end`;
};

/** How many tasks of the row `l` may be given out from its cursor on. Of a job without test frames nothing of these is looked up. */
export const readyTasks = (l: string): RawBuilder<number> => {
  const own = (column: string) => sql.ref(`${l}.${column}`);
  return sql<number>`case when not ${own('is_gated')} then ${neededTasks(l)} else least(${neededTasks(l)},
    case when ${isGateOpen(l)} then ${own('task_count')}
      else coalesce(jsonb_array_length(${own('test_frames')}), 0) * ${partsOf(l)} - ${own('released')} end) end`;
};

/**
 * How many tasks of the row `l` of `layers` may be given out from its cursor on, as far as other layers go. Of one that needs none
 * nothing is looked up. Layers of one job that need the same frames have them in the same order, so frames are found by their place;
 * those of another job by their number. What succeeded as a whole is not looked at.
 */
const neededTasks = (l: string): RawBuilder<number> => {
  const own = (column: string) => sql.ref(`${l}.${column}`);
  const released = sql<number>`${own('released')}`;
  return sql<number>`case when ${own('needs')} is null then ${own('task_count')} - ${released} else (
    select least(${own('task_count')} - ${released}, min(case
      when n.has_succeeded then ${own('task_count')}
      when n.frames = 'all' then
        case when b.released < b.task_count or b.frame_count > (select count(*) from frames where layer_id = b.id)
          then 0 else ${own('task_count')} end
      when ${own('division')} is not null then m.missing * ${partsOf(l)} - ${released}
      when m.missing >= ${own('frame_count')} then ${own('task_count')}
      else ${taskOfPlace(l, sql<number>`m.missing`)} - ${released} end))
    from (
      select *, coalesce((select state from jobs where id = job) = 'succeeded', false) as has_succeeded
      from jsonb_to_recordset(${own('needs')}) as n(job text, layer text, frames text) offset 0
    ) n
    -- Each looked up by itself: there are few, of many layers and jobs.
    cross join lateral (
      select * from layers where job_id = coalesce(n.job, ${own('job_id')}) and name = n.layer offset 0) b
    cross join lateral (
      select case when n.frames = 'all' or n.has_succeeded then 0
        when n.job is null then ${missingPlace(l)} else coalesce((${missingNumber(l, 'g.place')}), ${windowOf(l).end}) end as missing
    ) m) end`;
};

/** Places of the frames of the row `l` that are looked at: from its cursor on, the last one not included. */
const windowOf = (l: string): { readonly first: RawBuilder<number>; readonly end: RawBuilder<number> } => {
  const own = (column: string) => sql.ref(`${l}.${column}`);
  const released = sql<number>`${own('released')}`;
  const first = sql<number>`(case when ${own('division')} is null then ${placeOfTask(l, released)}
    else ${released} / ${partsOf(l)} end)`;
  const end = sql<number>`least(${own('frame_count')}, ${first} + greatest(${own('chunk')}, ${sql.lit(FRAMES_AHEAD)}))`;
  return { first, end };
};

/** Place of the first frame of these that is not done of the needed layer `b`, which has them at the same places. */
const missingPlace = (l: string): RawBuilder<number> => {
  const { first, end } = windowOf(l);
  return sql<number>`coalesce((
    select g from generate_series(${first}, ${end} - 1) as g
    where not exists (
      select from tasks t
      where t.layer_id = b.id and t.kind = case when b.division is null then 'render' else 'assemble' end
        and t.index = case when b.division is null then ${taskOfPlace('b', sql<number>`g`)} else g end
        and t.state = 'succeeded')
    order by g limit 1), ${end})`;
};

/** The first frame of these, in the order of drawing, that the needed layer `b` of another job has not recorded; null: it has all. */
export const missingNumber = (l: string, what: 'g.place' | 'g.number'): RawBuilder<number | null> => {
  const { first, end } = windowOf(l);
  return sql<number | null>`
    select ${sql.ref(what)}
    from jsonb_to_recordset(${sql.ref(`${l}.frame_order`)}) as s(before int, first int, step int, count int)
    cross join lateral (
      select s.before + i as place, s.first + i * s.step as number
      from generate_series(greatest(0, ${first} - s.before), least(s.count, ${end} - s.before) - 1) as i
    ) g
    where s.before < ${end} and s.before + s.count > ${first}
      and not exists (select from frames f where f.layer_id = b.id and f.frame_number = g.number)
    order by g.place limit 1`;
};

/** Whether others of the job's layers wait for this one. */
export const isNeeded = (layers: readonly Layer[], name: string): boolean =>
  layers.some(({ needs }) => needs.some(({ job, layer }) => job === undefined && layer === name));

/** Whether nothing of the job of the row `l` of `layers` can be given out, and nothing is under way. */
export const isStuck = (l: string): RawBuilder<boolean> => sql<boolean>`(not exists (
    select from layers r where r.job_id = ${sql.ref(`${l}.job_id`)} and r.released < r.task_count and ${readyTasks('r')} > 0)
  and not exists (
    select from tasks t where t.job_id = ${sql.ref(`${l}.job_id`)} and t.kind <> 'film' and t.state in ('waiting', 'leased')))`;

/** What jobs wait for of which nothing can be given out, and nothing is under way, because layers need others of them. */
export async function readLayerWaits(
  db: Kysely<Database>,
  jobs: readonly JobRow[],
  layers: ReadonlyMap<string, readonly Layer[]>,
): Promise<ReadonlyMap<string, JobWait>> {
  const ids = jobs.flatMap(({ id }) => (layers.get(id)?.some(({ needs }) => needs.length > 0) ? [id] : []));
  if (ids.length === 0) return new Map();
  const { rows } = await sql<{
    job_id: string;
    name: string;
    needed: string;
    frames: number;
    done: string;
    failed: string;
  }>`
    select distinct on (l.job_id) l.job_id, l.name, b.name as needed, b.frame_count as frames,
      (select count(*) from frames where layer_id = b.id) as done,
      (select count(*) from tasks where layer_id = b.id and state = 'failed' and feeds is null and kind <> 'film') as failed
    from layers l
    cross join lateral jsonb_to_recordset(l.needs) as n(job text, layer text, frames text)
    join layers b on b.job_id = l.job_id and b.name = n.layer and n.job is null
    where l.job_id in (select jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb)) and l.released < l.task_count
      and (select count(*) from frames where layer_id = b.id) < b.frame_count
      and ${isStuck('l')}
    order by l.job_id, failed desc, l.position`.execute(db);
  return new Map(
    rows.map(({ job_id, name, needed, frames, done, failed }): readonly [string, JobWait] => {
      const lost = Number(failed) === 0 ? '' : ', some of which failed: retry them';
      const message = `Layer “${name}” waits for layer “${needed}” (${done} of ${frames} frames done${lost}).`;
      return [job_id, { reason: 'layer', message }];
    }),
  );
}
