/** Whether limits were kept, as the times of attempts tell. */
import { type Kysely, sql } from 'kysely';
import type { Database } from '../store/tables.ts';
import type { Finding } from './finding.ts';

/** From then on a limit holds: the leader looks at limits once a second. */
const since = sql.raw(`coalesce(n.limits_at + interval '2 seconds', '-infinity')`);

/** Since its limit was set a tenant was given nothing beyond it. */
export async function checkLimits(db: Kysely<Database>): Promise<Finding> {
  const { rows } = await sql<{ tenant_id: string; max_slots: number; most: string; at: Date; checked: string }>`
    with moments as (
      select t.tenant_id, n.max_slots, a.created_at as at, 1 as change, ${since} as since
      from attempts a join tasks t on t.id = a.task_id join tenants n on n.id = t.tenant_id
      where n.max_slots is not null and t.kind in ('render', 'assemble')
        and (a.ended_at is null or a.ended_at > ${since})
      union all
      select t.tenant_id, n.max_slots, a.ended_at, -1, ${since}
      from attempts a join tasks t on t.id = a.task_id join tenants n on n.id = t.tenant_id
      where n.max_slots is not null and t.kind in ('render', 'assemble') and a.ended_at > ${since}
    ), counts as (
      -- What ends at a moment makes room for what begins then.
      select tenant_id, max_slots, at, since, change,
             sum(change) over (partition by tenant_id order by at, change rows unbounded preceding) as held
      from moments
    )
    select tenant_id, max_slots, max(held) filter (where at > since and change = 1) as most,
           (array_agg(at order by held desc) filter (where at > since and change = 1))[1] as at,
           count(*) filter (where change = 1) as checked
    from counts group by tenant_id, max_slots`.execute(db);
  const violations = rows.flatMap(({ tenant_id, max_slots, most, at }) =>
    Number(most ?? 0) > max_slots
      ? [`tenant ${tenant_id} had ${most} frames under way at ${at.toISOString()}, its limit is ${max_slots}`]
      : [],
  );
  return { checked: rows.reduce((sum, { checked }) => sum + Number(checked), 0), violations };
}
