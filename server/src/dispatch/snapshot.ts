/** What a pass of the dispatcher looks at: workers with what they do, and the most urgent work of each tenant. */
import {
  type ClassPolicy,
  type Division,
  FILM_FORMATS,
  type FilmFormat,
  type RenderSettings,
  type Requires,
  type SceneNeeds,
  type TaskKind,
  type WorkerIdentity,
  type WorkerStatus,
} from '@kiln/shared';
import { type Kysely, sql } from 'kysely';
import { readyTasks } from '../jobs/layer-needs.ts';
import { mayBegin } from '../jobs/predecessors.ts';
import { PREPARED } from '../store/prepared.ts';
import type { Database } from '../store/tables.ts';
import { GAINED } from './ageing.ts';
import type { WorkTerms } from './bounds.ts';
import type { Candidate } from './candidate.ts';
import { DISPATCH_LIMITS } from './limits.ts';
import type { Reach } from './reach.ts';
import { isIdle, urgentTasks } from './waiting-tasks.ts';

type WithoutTime<C> = C extends { readonly taskMs: number | null } ? Omit<C, 'taskMs'> : C;

/** A candidate without the measured time of its tasks, which moves all the time. */
export type Work = WithoutTime<Candidate>;

export interface DeskRow {
  readonly id: string;
  readonly identity: WorkerIdentity;
  readonly status: WorkerStatus | null;
  readonly is_suspended: boolean;
}

/** Workers that take deliveries. */
export const readDesks = (db: Kysely<Database>, leaseMs: number): Promise<DeskRow[]> =>
  db
    .selectFrom('workers')
    .select(['id', 'identity', 'status'])
    .select(sql<boolean>`coalesce(suspended_until > now(), false)`.as('is_suspended'))
    .where('state', '=', 'ready')
    .where('canary_due', '=', false)
    .where('seen_at', '>', sql<Date>`now() - ${sql.lit(leaseMs)} * interval '1 millisecond'`)
    .orderBy('id')
    .execute();

/** Attempts under way. */
export interface UsageRow {
  readonly worker_id: string;
  readonly tenant_id: string;
  readonly kind: TaskKind;
  readonly layer_id: string | null;
  /** Null of imports, and so is its user; that is null also where the job names none. */
  readonly job_id: string | null;
  readonly user_name: string | null;
  /** Of its job; null of imports. */
  readonly priority: number | null;
  readonly n: number;
}

export async function readUsage(db: Kysely<Database>): Promise<UsageRow[]> {
  const { rows } = await sql<UsageRow>`
    ${PREPARED} select u.worker_id, u.tenant_id, u.kind, u.layer_id, u.job_id, j.user_name, j.priority, u.n::int
    from (
      select a.worker_id, t.tenant_id, t.kind, t.layer_id, t.job_id, count(*) as n
      from attempts a join tasks t on t.id = a.task_id
      where a.state in ('assigned', 'running')
      group by a.worker_id, t.tenant_id, t.kind, t.layer_id, t.job_id
    ) u left join jobs j on j.id = u.job_id`.execute(db);
  return rows;
}

interface OwnRow {
  readonly user_name: string | null;
  readonly gained: number | null;
  readonly terms_version: number | null;
  readonly max_slots: number | null;
  readonly max_per_host: number | null;
  readonly job_limits: string[] | null;
  readonly layer_limits: string[] | null;
  readonly requires: Requires | null;
  readonly scene_needs: SceneNeeds | null;
}

/** Of a job `j` and its layer `l`. */
const TERMS = sql.raw(`j.terms_version, j.max_slots, j.max_per_host, j.limits as job_limits, l.limits as layer_limits,
  l.requires, l.scene_needs`);

/** Layers of one tenant, engine, back end, limits, requirements and needs of the scene, the most urgent first. */
const LANES = sql.raw(`window lane as (
  partition by tenant_id, engine, backend, job_limits, layer_limits, requires, scene_needs
  order by is_idle, priority + gained desc, created_at, job_id, position)`);

const MOST = sql.lit(DISPATCH_LIMITS.candidatesPerTenant);
const MOST_IN_ALL = sql.lit(DISPATCH_LIMITS.candidatesOfAllLanes);

/** What decides its turn inside its tenant, and how much of it may begin. */
const ownOf = (row: OwnRow) => ({
  user: row.user_name,
  gained: row.gained ?? 0,
  terms: termsOf(row),
  requires: row.requires,
  sceneNeeds: row.scene_needs,
});

const termsOf = (row: OwnRow): WorkTerms => ({
  version: row.terms_version ?? 0,
  limits: [...new Set([...(row.job_limits ?? []), ...(row.layer_limits ?? [])])],
  maxSlots: row.max_slots,
  maxPerHost: row.max_per_host,
});

/**
 * Tasks that have rows and wait: imports, films, frames that are tried again, and what has all its inputs. The most urgent of each tenant, engine,
 * back end, limits, requirements and needs of the scene: work that cannot be begun here, or now, must not stand before work that can. Where a
 * tenant has many such lanes, of each the first, then of each the second; of what no worker is here for, last.
 */
export async function readWaiting(db: Kysely<Database>, reach: Reach): Promise<Work[]> {
  const { rows } = await sql<
    {
      id: string;
      kind: TaskKind;
      tenant_id: string;
      job_id: string | null;
      layer_id: string | null;
      index: number;
      created_at: Date;
      priority: number | null;
      job_created_at: Date | null;
      position: number | null;
      engine: RenderSettings['engine'] | null;
      backend: RenderSettings['backend'] | null;
      film: FilmFormat | null;
      class_policy: ClassPolicy | null;
      job_class: string | null;
      frame_class: string | null;
      division: Division | null;
      failed_at: string[] | null;
      scene_hash: string;
    } & OwnRow
  >`
    ${PREPARED} select w.*, s.scene_hash,
           case when w.attempts > 0 then (
             select jsonb_agg(distinct a.worker_id) from attempts a
             where a.task_id = w.id and a.state in ('failed', 'lost')) end as failed_at
    from (
      select p.*, row_number() over (partition by p.tenant_id order by p.is_idle, p.place, p.urgency desc, p.job_created_at, p.id) as rank
      from (
        select t.id, t.kind, t.attempts, t.tenant_id, t.job_id, t.layer_id, t.scene_id, t.index, t.created_at, j.priority,
               j.priority + ${GAINED} as urgency, ${isIdle(reach, sql.ref('t.kind'))} as is_idle,
               j.created_at as job_created_at, l.position, l.settings->>'engine' as engine,
               l.settings->>'backend' as backend, f.plan->>'format' as film, j.class_policy,
               j.adapter_class as job_class, coalesce(t.adapter_class, d.adapter_class) as frame_class,
               case when t.feeds is not null then l.division end as division, ${TERMS}, j.user_name, ${GAINED} as gained,
               row_number() over (
                 partition by t.tenant_id, t.kind, l.settings->>'engine', l.settings->>'backend', f.plan->>'format',
                   j.limits, l.limits, l.requires, l.scene_needs
                 order by ${isIdle(reach, sql.ref('t.kind'))}, j.priority + ${GAINED} desc, j.created_at, l.position, t.created_at, t.id) as place
        from ${urgentTasks(reach)} t
        left join jobs j on j.id = t.job_id
        left join layers l on l.id = t.layer_id
        left join films f on f.task_id = t.id
        left join tasks d on d.id = t.feeds
        where (t.job_id is null or j.state in ('queued', 'running'))
          -- A film begins with the first frame whose fate is known.
          and (f.task_id is null or j.frames_done + j.frames_failed > 0)
      ) p
      where p.place <= ${MOST}
    ) w
    join scenes s on s.id = w.scene_id
    where w.rank <= ${MOST_IN_ALL}`.execute(db);
  return rows.flatMap((row): Work[] => {
    const base = {
      tenantId: row.tenant_id,
      sceneHash: row.scene_hash,
      taskId: row.id,
      position: row.position ?? 0,
    };
    if (row.kind === 'import') {
      return [{ ...base, kind: 'import', priority: 0, createdAtMs: row.created_at.getTime() }];
    }
    const { job_id, layer_id, engine, backend, priority, job_created_at } = row;
    if (job_id === null || layer_id === null || engine === null || backend === null) return [];
    const urgency = { priority: priority ?? 0, createdAtMs: (job_created_at ?? row.created_at).getTime() };
    if (row.kind === 'film') {
      return row.film === null
        ? []
        : [{ ...base, ...urgency, kind: 'film', jobId: job_id, maker: FILM_FORMATS[row.film].maker }];
    }
    return [
      {
        ...base,
        ...urgency,
        kind: 'task',
        index: row.index,
        jobId: job_id,
        layerId: layer_id,
        engine,
        backend,
        classPolicy: row.class_policy ?? 'prefer',
        jobClass: row.job_class,
        frameClass: row.frame_class,
        division: row.division,
        failedAt: row.failed_at ?? [],
        ...ownOf(row),
      },
    ];
  });
}

/** Layers with tasks that have no rows yet, the most urgent as `readWaiting` has them. */
export async function readCursors(db: Kysely<Database>, reach: Reach): Promise<Work[]> {
  const { rows } = await sql<
    {
      job_id: string;
      tenant_id: string;
      scene_id: string;
      frame_timeout_ms: number;
      state: 'queued' | 'running';
      priority: number;
      created_at: Date;
      layer_id: string;
      position: number;
      released: number;
      ready: number;
      division: Division | null;
      engine: RenderSettings['engine'];
      backend: RenderSettings['backend'];
      class_policy: ClassPolicy;
      job_class: string | null;
      frame_class: string | null;
      scene_hash: string;
    } & OwnRow
  >`
    ${PREPARED} select c.*, s.scene_hash, f.adapter_class as frame_class from (
      select p.*, row_number() over (
        partition by tenant_id order by is_idle, place, priority + gained desc, created_at, job_id, position) as rank
      from (
        select o.*, r.ready, row_number() over lane as place
        from (
          select n.*, count(*) filter (where n.needs is null and not n.is_gated) over lane as sure
          from (
            select j.id as job_id, j.tenant_id, j.scene_id,
                   coalesce(l.frame_timeout_ms, j.frame_timeout_ms) as frame_timeout_ms, j.state, j.priority, j.created_at,
                   l.id as layer_id, l.position, l.released, l.division, l.needs, l.frame_order, l.frame_count, l.task_count, l.chunk,
                   l.is_gated, l.test_frames, l.single_tasks,
                   l.settings->>'engine' as engine, l.settings->>'backend' as backend, j.class_policy,
                   j.adapter_class as job_class, coalesce((l.division->'tiles'->>'columns')::int
                     * (l.division->'tiles'->>'rows')::int * (l.division->>'sampleRanges')::int, 1) as parts,
                   ${TERMS}, j.user_name, ${GAINED} as gained, ${isIdle(reach, sql`'render'`)} as is_idle
            from jobs j
            join layers l on l.job_id = j.id
            where j.state in ('queued', 'running') and l.released < l.task_count and ${mayBegin('j')}
          ) n
          ${LANES}
        ) o
        cross join lateral (select ${readyTasks('o')} as ready) r
        -- What layers have ready that need others, or wait for test frames, takes a look at tasks: only where enough of the rest
        -- does not come before.
        where o.sure <= ${MOST} and r.ready > 0
        ${LANES}
      ) p
      where p.place <= ${MOST}
    ) c
    join scenes s on s.id = c.scene_id
    -- The task of a frame some parts of which are given out.
    left join tasks f on f.layer_id = c.layer_id and f.kind = 'assemble' and f.index = c.released / c.parts
    where c.rank <= ${MOST_IN_ALL}`.execute(db);
  return rows.map((row) => ({
    kind: 'cursor',
    tenantId: row.tenant_id,
    sceneId: row.scene_id,
    frameTimeoutMs: row.frame_timeout_ms,
    sceneHash: row.scene_hash,
    priority: row.priority,
    createdAtMs: row.created_at.getTime(),
    position: row.position,
    isRunning: row.state === 'running',
    division: row.division,
    next: row.released,
    remaining: Number(row.ready),
    jobId: row.job_id,
    layerId: row.layer_id,
    engine: row.engine,
    backend: row.backend,
    classPolicy: row.class_policy,
    jobClass: row.job_class,
    frameClass: row.frame_class,
    ...ownOf(row),
  }));
}
