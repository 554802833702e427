/**
 * Which waiting tasks a decision looks at. As many as a million may wait after a worker class was lost: only those that can be
 * the most urgent of their lane are read, layer by layer, each by the index on what waits.
 */
import { type RawBuilder, sql } from 'kysely';
import { GAINED } from './ageing.ts';
import { DISPATCH_LIMITS } from './limits.ts';
import type { Reach } from './reach.ts';

const MOST = sql.lit(DISPATCH_LIMITS.candidatesPerTenant);

/** Whether a job `j` has all slots that it allows itself. */
export const isFullJob = sql.raw(`j.max_slots is not null and j.max_slots <= (
  select count(*) from tasks x where x.job_id = j.id and x.state = 'leased' and x.kind in ('render', 'assemble'))`);

/**
 * Whether nothing of a job `j` and its layer `l` can be begun, whoever has room: it has its slots, or no worker is here that may draw it.
 * It must not stand before work of which only so much is looked at. Films are made by any worker, of whatever slots.
 *
 * @param kind of the task.
 */
export const isIdle = (
  { classes, unmet }: Reach,
  kind: RawBuilder<unknown>,
): RawBuilder<boolean> => sql<boolean>`coalesce(
  ${kind} <> 'film' and (${isFullJob}
  or (j.class_policy = 'strict' and not ${JSON.stringify(classes)}::jsonb ? j.adapter_class)
  or exists (
    select from jsonb_to_recordset(${JSON.stringify(unmet)}::jsonb) as u(engine text, backend text, requires jsonb)
    where u.requires is not distinct from l.requires and u.engine = l.settings->>'engine' and u.backend = l.settings->>'backend')), false)`;

/** When a task may be given out, as the index has it; those that were never tried, any time. */
const MAY_BEGIN = sql.raw(`coalesce(t.not_before, '-infinity'::timestamptz)`);

/**
 * Rows of `tasks`, in brackets: of each lane (tenant, kind, engine, back end, limits, requirements and needs of the scene) the tasks of the most urgent layers,
 * within a layer those that may begin longest. What decides their order is the layer's and its job's: waiting makes all of
 * its tasks more urgent at once. Each layer before another of its lane has one task at least, so of those that follow fewer
 * are read. Of imports the oldest of each tenant. Some of them may be more than a pass looks at; none that it should look at
 * is missing.
 *
 * Layers that have waiting tasks, and tenants that have waiting imports, are found one after the other in an index
 * (a loose index scan), for there may be thousands of rows for each of them. They are ordered by what only that index has, lest
 * another is taken, in which all that has been done stands between them.
 */
export const urgentTasks = (reach: Reach) => sql`(
  with recursive layers_waiting as (
    (select layer_id, kind, ${MAY_BEGIN} as may_begin from tasks t
     where state = 'waiting' and layer_id is not null order by layer_id, kind, ${MAY_BEGIN} limit 1)
    union all
    select n.layer_id, n.kind, n.may_begin from layers_waiting w cross join lateral (
      select layer_id, kind, ${MAY_BEGIN} as may_begin from tasks t
      where state = 'waiting' and layer_id is not null and (layer_id, kind) > (w.layer_id, w.kind)
      order by layer_id, kind, ${MAY_BEGIN} limit 1) n
  ), importers as (
    (select tenant_id from tasks
     where state = 'waiting' and kind = 'import' order by tenant_id, created_at limit 1)
    union all
    select n.tenant_id from importers i cross join lateral (
      select tenant_id from tasks
      where state = 'waiting' and kind = 'import' and tenant_id > i.tenant_id
      order by tenant_id, created_at limit 1) n
  ), ranked as materialized (
    select w.layer_id, w.kind, row_number() over (
      partition by j.tenant_id, w.kind, l.settings->>'engine', l.settings->>'backend', j.limits, l.limits,
        l.requires, l.scene_needs
      order by ${isIdle(reach, sql.ref('w.kind'))}, j.priority + ${GAINED} desc, j.created_at, l.position, l.id) as place
    from layers_waiting w
    join layers l on l.id = w.layer_id
    join jobs j on j.id = l.job_id
    where j.state in ('queued', 'running') and w.may_begin <= now()
  )
  select t.* from ranked r cross join lateral (
    select * from tasks t
    where t.state = 'waiting' and t.layer_id = r.layer_id and t.kind = r.kind and ${MAY_BEGIN} <= now()
    order by ${MAY_BEGIN}, t.created_at, t.id
    limit case r.kind when 'film' then ${MOST} else greatest(${MOST} + 1 - r.place, 1) end) t
  -- What films are made with differs within a layer; there are few of them.
  where r.place <= ${MOST} or r.kind = 'film'
  union all
  select t.* from importers i cross join lateral (
    select * from tasks t
    where t.state = 'waiting' and t.kind = 'import' and t.tenant_id = i.tenant_id and ${MAY_BEGIN} <= now()
    order by t.created_at, t.id
    limit ${MOST}) t
)`;
