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

interface HeldRow {
  readonly tenant_id: string;
  readonly weight: number;
  readonly worker_id: string;
  readonly slots: number;
  readonly since: Date;
  readonly until: Date;
  readonly begun: Date;
  readonly ended: Date | null;
}

/** Slot-seconds of each tenant within the stretch. A tenant is backlogged from a job’s first lease to its last. */
async function readUses(db: Kysely<Database>): Promise<readonly Use[]> {
  const { rows } = await sql<HeldRow>`
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
    select b.tenant_id, n.share_weight as weight, a.worker_id, coalesce((w.identity->>'slots')::int, 1) as slots,
           s.since, s.until, a.started_at as begun, a.ended_at as ended
    from stretch s
    join backlog b on b.since < s.until
    join tenants n on n.id = b.tenant_id
    join tasks t on t.tenant_id = b.tenant_id and t.kind in ('render', 'assemble')
    join attempts a on a.task_id = t.id and a.started_at < s.until and coalesce(a.ended_at, s.until) > s.since
    left join workers w on w.id = a.worker_id
    where s.until > s.since
      and not exists (select from tenants x join backlog y on y.tenant_id = x.id where x.min_slots > 0 or x.max_slots is not null)
    order by a.worker_id, a.started_at, a.ended_at`.execute(db);
  const uses = new Map<string, { weight: number; ms: number; tasks: number }>();
  const byWorker = new Map<string, HeldRow[]>();
  for (const row of rows) {
    const use = uses.get(row.tenant_id) ?? { weight: Number(row.weight), ms: 0, tasks: 0 };
    uses.set(row.tenant_id, use);
    use.tasks += 1;
    const held = byWorker.get(row.worker_id);
    if (held) held.push(row);
    else byWorker.set(row.worker_id, [row]);
  }
  for (const held of byWorker.values()) {
    for (const { tenantId, ms } of slotTimes(held)) {
      const use = uses.get(tenantId);
      if (use) use.ms += ms;
    }
  }
  return [...uses].map(([tenant_id, { weight, ms, tasks }]) => ({ tenant_id, weight, slot_sec: ms / 1_000, tasks }));
}

/**
 * From moment to moment: the slots of a worker work on what it began first of what is left.
 *
 * @param held of one worker, in the order of beginning.
 */
function* slotTimes(held: readonly HeldRow[]): Generator<{ readonly tenantId: string; readonly ms: number }> {
  const within = held.map(({ tenant_id: tenantId, slots, begun, ended, since, until }) => ({
    tenantId,
    slots,
    fromMs: Math.max(begun.getTime(), since.getTime()),
    toMs: Math.min(ended?.getTime() ?? Number.POSITIVE_INFINITY, until.getTime()),
  }));
  const moments = [...new Set(within.flatMap(({ fromMs, toMs }) => [fromMs, toMs]))].sort((a, b) => a - b);
  let open: typeof within = [];
  let next = 0;
  for (const [index, at] of moments.entries()) {
    open = open.filter(({ toMs }) => toMs > at);
    for (let one = within[next]; one && one.fromMs <= at; one = within[++next]) if (one.toMs > at) open.push(one);
    const ms = (moments[index + 1] ?? at) - at;
    for (const { tenantId } of open.slice(0, open[0]?.slots)) yield { tenantId, ms };
  }
}
