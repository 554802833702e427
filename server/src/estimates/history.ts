/** What frames of the same scene with the same settings took in earlier jobs of the tenant. */
import type { RenderSettings } from '@kiln/shared';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../store/tables.ts';
import type { Measured } from './layer-to-measure.ts';
import { ESTIMATE_LIMITS } from './limits.ts';

export interface HistoryQuestion {
  readonly tenantId: string;
  readonly sceneId: string;
  readonly settings: RenderSettings;
}

/** The newest layers that have frames. @returns null when there are none. */
export async function readHistory(
  db: Kysely<Database>,
  { tenantId, sceneId, settings }: HistoryQuestion,
): Promise<Measured | null> {
  const { rows } = await sql<{ n: string; mean: number; deviation: number; done: string; slot_sec: number }>`
    select f.n, f.mean, f.deviation, d.done, coalesce(u.slot_sec, 0) as slot_sec
    from (
      select l.id
      from scenes asked
      join scenes s on s.scene_hash = asked.scene_hash and s.tenant_id = asked.tenant_id
      join jobs j on j.scene_id = s.id
      join layers l on l.job_id = j.id
      where asked.id = ${sceneId} and asked.tenant_id = ${tenantId} and j.tenant_id = ${tenantId}
        and l.settings = ${JSON.stringify(settings)}::jsonb
        and exists (select from frames where layer_id = l.id)
        -- Frames that begin with the samples of a live view took less than others will.
        and j.reused_samples = 0
        and not exists (select from estimates e where e.probe_job_id = j.id)
      order by j.created_at desc
      limit ${sql.lit(ESTIMATE_LIMITS.historyLayers)}
    ) l
    left join layer_use u on u.layer_id = l.id
    cross join lateral (select count(*) as done from frames where layer_id = l.id) d
    cross join lateral (
      select count(*) as n, avg(x.sec) as mean, coalesce(stddev_samp(x.sec), 0) as deviation
      from (
        select greatest((stages->'draw'->>'durationMs')::float8, (stages->'encode'->>'durationMs')::float8) / 1000 as sec
        from frames where layer_id = l.id
        limit ${sql.lit(ESTIMATE_LIMITS.historyFrames)}
      ) x
    ) f`.execute(db);
  let frames = 0;
  let sec = 0;
  let variance = 0;
  for (const row of rows) {
    const n = Number(row.n);
    // What was metered has loading and failures in it; it comes some seconds after the frames.
    const frameSec = Math.max(row.mean, row.slot_sec / Number(row.done));
    frames += n;
    sec += n * frameSec;
    variance += n * row.deviation ** 2;
  }
  if (frames === 0) return null;
  return { frameSec: sec / frames, deviationSec: Math.sqrt(variance / frames), frames };
}
