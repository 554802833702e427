/**
 * Tasks that are meant to take so many seconds. Until their frames are measured each has one; then the length of all that follow is
 * settled, once: what has been released before keeps its one frame, so which frames a task has never changes.
 */
import { LIMITS } from '@kiln/shared';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../store/tables.ts';

/** Frames that are measured before: the first one has shaders compiled. */
const MEASURED_FRAMES = 2;
const FRAMES_LOOKED_AT = 64;

/** Of layers under way, by the middle of what their frames took, or by their job's estimate before any is done. */
export async function settleChunks(db: Kysely<Database>): Promise<void> {
  await sql`
    update layers l set
      single_tasks = greatest(l.single_tasks, l.released), chunk = c.chunk, is_chunk_open = false,
      task_count = greatest(l.single_tasks, l.released)
        + ceil((l.frame_count - greatest(l.single_tasks, l.released))::float8 / c.chunk)::int
    from (
      select o.id, greatest(1, least(${sql.lit(LIMITS.taskFrames)}, floor(o.chunk_sec / greatest(
          coalesce(case when m.n >= ${sql.lit(MEASURED_FRAMES)} then m.sec end, e.sec), 0.001))))::int as chunk
      from layers o
      join jobs j on j.id = o.job_id
      cross join lateral (
        select count(*) as n, percentile_cont(0.5) within group (order by x.sec) as sec
        from (
          select greatest((stages->'draw'->>'durationMs')::float8, (stages->'encode'->>'durationMs')::float8) / 1000 as sec
          from frames where layer_id = o.id limit ${sql.lit(FRAMES_LOOKED_AT)}
        ) x
      ) m
      left join lateral (
        select (thought->>'frameSec')::float8 as sec
        from job_costs k, jsonb_array_elements(k.estimate->'layers') as thought
        where k.job_id = j.id and thought->>'name' = o.name
      ) e on true
      where o.is_chunk_open and j.state in ('queued', 'running')
        and (m.n >= ${sql.lit(MEASURED_FRAMES)} or e.sec is not null)
    ) c
    where l.id = c.id and l.is_chunk_open and l.released < l.task_count`.execute(db);
}
