/** Whether limits were kept, as the times of attempts tell. */
import { type Kysely, sql } from 'kysely';
import type { Database } from '../store/tables.ts';
import type { Finding } from './finding.ts';

interface LimitCheck {
  readonly name: string;
  readonly about: string;
  /** Selects what holds something from `begun` to `ended`: whose it is, in words, and how many it may have, and since when that holds. */
  readonly holds: string;
}

/** From then on a limit holds: the leader looks at limits once a second. */
const since = (column: string) => `coalesce(${column} + interval '2 seconds', '-infinity')`;

const FRAMES = `t.kind in ('render', 'assemble')`;

/** Limits that attempts count for: their tenant's own, or else the farm's. */
const NAMED = `attempts a join tasks t on t.id = a.task_id
  cross join lateral jsonb_array_elements_text(a.limits) x(name)
  join lateral (
    select * from limits n where n.name = x.name and (n.tenant_id = t.tenant_id or n.tenant_id is null)
    order by n.tenant_id nulls last limit 1) l on true`;
const NAME = `'limit ' || l.name || coalesce(' of tenant ' || l.tenant_id, '')`;
const HOST = `' on ' || coalesce(a.host, a.worker_name)`;

export const LIMIT_CHECKS: readonly LimitCheck[] = [
  {
    name: 'limits.slots',
    about: 'no tenant had more frames under way than its limit, since that was set',
    holds: `
      select 'tenant ' || t.tenant_id as whose, n.max_slots as most, ${since('n.limits_at')} as since,
             a.created_at as begun, a.ended_at as ended
      from attempts a join tasks t on t.id = a.task_id join tenants n on n.id = t.tenant_id
      where n.max_slots is not null and ${FRAMES}`,
  },
  {
    name: 'limits.named',
    about: 'of no limit that jobs name was more in use than there is, since that was set',
    holds: `
      select ${NAME} as whose, l.max_tasks as most, ${since('l.changed_at')} as since, a.created_at as begun,
             a.ended_at as ended
      from ${NAMED} where l.max_tasks is not null and ${FRAMES}`,
  },
  {
    name: 'limits.jobs',
    about: 'no job had more tasks under way than it allows itself, since it said so',
    holds: `
      select 'job ' || j.id as whose, j.max_slots as most, ${since('j.terms_at')} as since, a.created_at as begun,
             a.ended_at as ended
      from attempts a join tasks t on t.id = a.task_id join jobs j on j.id = t.job_id
      where j.max_slots is not null and ${FRAMES}`,
  },
  {
    name: 'limits.hosts',
    about: 'on no machine was more under way of a job, or of a limit, than may be there',
    holds: `
      select 'job ' || j.id || ${HOST} as whose, j.max_per_host as most, ${since('j.terms_at')} as since,
             a.created_at as begun, a.ended_at as ended
      from attempts a join tasks t on t.id = a.task_id join jobs j on j.id = t.job_id
      where j.max_per_host is not null and ${FRAMES}
      union all
      select ${NAME} || ${HOST}, l.max_per_host, ${since('l.changed_at')}, a.created_at, a.ended_at
      from ${NAMED} where l.max_per_host is not null and ${FRAMES}`,
  },
];

/** Since a limit was set nothing was begun beyond it. */
export async function checkLimit(db: Kysely<Database>, { holds }: LimitCheck): Promise<Finding> {
  const { rows } = await sql<{ whose: string; most: number; held: string | null; at: Date; checked: string }>`
    with holds as (${sql.raw(holds)}),
    moments as (
      select whose, most, since, begun as at, 1 as change from holds where ended is null or ended > since
      union all
      select whose, most, since, ended, -1 from holds where ended > since
    ), counts as (
      -- What ends at a moment makes room for what begins then.
      select whose, most, since, at, change,
             sum(change) over (partition by whose order by at, change rows unbounded preceding) as held
      from moments
    )
    select whose, most, max(held) filter (where at > since and change = 1) as held,
           (array_agg(at order by held desc) filter (where at > since and change = 1))[1] as at,
           count(*) filter (where change = 1) as checked
    from counts group by whose, most`.execute(db);
  const violations = rows.flatMap(({ whose, most, held, at }) =>
    Number(held ?? 0) > most
      ? [`${whose} had ${held} frames under way at ${at.toISOString()}, its limit is ${most}`]
      : [],
  );
  return { checked: rows.reduce((sum, { checked }) => sum + Number(checked), 0), violations };
}
