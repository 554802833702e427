/** Whether slots were shared fairly, as the times of attempts tell. */
import { type Kysely, sql } from 'kysely';
import type { Database } from '../store/tables.ts';
import type { Finding } from './finding.ts';

/** Fewer tasks say little. */
const TELLING_TASKS = 1_000;
const TOLERANCE = 0.05;

interface Use {
  readonly tenant_id: string;
  readonly weight: number;
  readonly slot_sec: number;
  readonly tasks: number;
}

/**
 * The last stretch of time in which all tenants had tasks that nobody had begun, each without a break: what each got of it,
 * beside what its weight promises. Tenants with promised slots or a limit share otherwise, and are left out, with everybody beside
 * them.
 */
export async function checkShares(db: Kysely<Database>): Promise<Finding> {
  const uses = await readUses(db);
  const tasks = uses.reduce((sum, use) => sum + use.tasks, 0);
  if (uses.length < 2 || tasks < TELLING_TASKS) return { checked: tasks, violations: [] };
  const sec = uses.reduce((sum, use) => sum + use.slot_sec, 0);
  const weights = uses.reduce((sum, { weight }) => sum + weight, 0);
  const violations = uses.flatMap(({ tenant_id, weight, slot_sec }) => {
    const [got, wanted] = [slot_sec / sec, weight / weights];
    if (Math.abs(got / wanted - 1) <= TOLERANCE) return [];
    return [`tenant ${tenant_id} got ${percent(got)} of the slot-seconds, its weight promises ${percent(wanted)}`];
  });
  return { checked: tasks, violations };
}

const percent = (part: number) => `${(part * 100).toFixed(1)} %`;

/** Slot-seconds of each tenant within the stretch. A tenant is backlogged from a job’s first lease to its last. */
async function readUses(db: Kysely<Database>): Promise<readonly Use[]> {
  const { rows } = await sql<Record<keyof Use, string>>`
    with given as (
      select j.tenant_id, j.id, min(a.created_at) as since, max(a.created_at) as until
      from jobs j join tasks t on t.job_id = j.id join attempts a on a.task_id = t.id and a.number = 1
      where t.kind = 'render'
      group by j.tenant_id, j.id
    ), marked as (
      -- Between two jobs of a tenant it had nothing to do.
      select *, case when since <= max(until) over before then 0 else 1 end as begins
      from given
      window before as (partition by tenant_id order by since, id rows between unbounded preceding and 1 preceding)
    ), runs as (
      select tenant_id, since, until, sum(begins) over (partition by tenant_id order by since, id) as run from marked
    ), backlog as (
      select distinct on (tenant_id) tenant_id, min(since) as since, max(until) as until
      from runs group by tenant_id, run order by tenant_id, min(since) desc
    ), stretch as (
      select max(since) as since, min(until) as until from backlog
    )
    select b.tenant_id, n.share_weight as weight,
           coalesce(sum(extract(epoch from least(coalesce(a.ended_at, s.until), s.until) - greatest(a.started_at, s.since)))
             filter (where a.started_at < s.until and coalesce(a.ended_at, s.until) > s.since), 0) as slot_sec,
           count(*) filter (where a.started_at < s.until and coalesce(a.ended_at, s.until) > s.since) as tasks
    from stretch s
    join backlog b on b.since < s.until
    join tenants n on n.id = b.tenant_id
    join tasks t on t.tenant_id = b.tenant_id and t.kind in ('render', 'assemble')
    join attempts a on a.task_id = t.id
    where s.until > s.since
      and not exists (select from tenants x join backlog y on y.tenant_id = x.id where x.min_slots > 0 or x.max_slots is not null)
    group by b.tenant_id, n.share_weight`.execute(db);
  return rows.map(({ tenant_id, weight, slot_sec, tasks }) => ({
    tenant_id,
    weight: Number(weight),
    slot_sec: Number(slot_sec),
    tasks: Number(tasks),
  }));
}
