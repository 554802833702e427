/** Why a job that workers could draw has nothing under way: whose turn it is instead, with numbers. */
import type { JobWait, WorkerIdentity } from '@kiln/shared';
import { type Kysely, sql } from 'kysely';
import { laneOf } from '../dispatch/candidate.ts';
import { readUsage } from '../dispatch/snapshot.ts';
import { userKey } from '../dispatch/turns.ts';
import type { Database } from '../store/tables.ts';
import { readyTasks } from './layer-needs.ts';
import { mayBegin } from './predecessors.ts';
import type { JobRow } from './present.ts';

/** @param jobs that workers which are here could draw. */
export async function readTurnWaits(
  db: Kysely<Database>,
  jobs: readonly JobRow[],
  workers: readonly WorkerIdentity[],
): Promise<ReadonlyMap<string, JobWait>> {
  const idle = await withoutDeliveries(db, jobs);
  if (idle.length === 0) return new Map();
  const tenants = [...new Set(idle.map(({ tenant_id }) => tenant_id))];
  const limits = await readLimits(db, tenants);
  const ahead = await readMoreUrgent(db, idle);
  const { all, byTenant, byUser } = await readHeld(db);
  const slots = workers.reduce((sum, worker) => sum + worker.slots, 0);
  return new Map(
    idle.flatMap((job): (readonly [string, JobWait])[] => {
      const own = byTenant.get(job.tenant_id) ?? 0;
      const wait = turnWait({
        own,
        user: job.user_name,
        ofUser: byUser.get(userKey(job.tenant_id, job.user_name)) ?? 0,
        all,
        slots,
        limit: limits.get(job.tenant_id) ?? null,
        ahead: ahead.get(job.id) ?? 0,
      });
      return wait ? [[job.id, wait]] : [];
    }),
  );
}

interface Turn {
  /** Frames of its tenant that are under way. */
  readonly own: number;
  /** Who submitted it; null: nobody in particular. */
  readonly user: string | null;
  /** Frames of that user that are under way. */
  readonly ofUser: number;
  /** Those of all tenants. */
  readonly all: number;
  readonly slots: number;
  /** Of its tenant; null: none. */
  readonly limit: number | null;
  /** Jobs of its user that are more urgent. */
  readonly ahead: number;
}

function turnWait({ own, user, ofUser, all, slots, limit, ahead }: Turn): JobWait | null {
  const before = ahead === 0 ? '' : `, and ${count(ahead, 'job')} of yours before this one`;
  if (limit !== null && own >= limit) {
    return { reason: 'limit', message: `At your limit: ${own} of ${count(limit, 'slot')} in use${before}.` };
  }
  if (all < slots) return null;
  const others = all - own;
  const its = user === null || own === 0 ? '' : ` (${ofUser} of “${user}”)`;
  const whose = [own > 0 ? `${count(own, 'task')} of yours${its}` : '', others > 0 ? `${others} of others` : ''];
  const busy = whose.filter((text) => text !== '').join(' and ');
  const message = `Waits for a slot: ${slots === 1 ? 'the only one is' : `all ${slots} are`} busy with ${busy}${before}.`;
  return { reason: ahead > 0 ? 'priority' : 'slots', message };
}

const count = (n: number, what: string) => `${n} ${n === 1 ? what : `${what}s`}`;

async function withoutDeliveries(db: Kysely<Database>, jobs: readonly JobRow[]): Promise<readonly JobRow[]> {
  if (jobs.length === 0) return [];
  const rows = await db
    .selectFrom('tasks')
    .select('job_id')
    .distinct()
    .where(
      'job_id',
      'in',
      jobs.map(({ id }) => id),
    )
    .where('state', '=', 'leased')
    .execute();
  const busy = new Set(rows.map(({ job_id }) => job_id));
  return jobs.filter(({ id }) => !busy.has(id));
}

async function readLimits(db: Kysely<Database>, tenants: readonly string[]): Promise<Map<string, number | null>> {
  const rows = await db.selectFrom('tenants').select(['id', 'max_slots']).where('id', 'in', tenants).execute();
  return new Map(rows.map(({ id, max_slots }) => [id, max_slots]));
}

/** How many open jobs of the same user, with tasks to give out, are more urgent than each. */
async function readMoreUrgent(db: Kysely<Database>, jobs: readonly JobRow[]): Promise<Map<string, number>> {
  const ids = JSON.stringify(jobs.map(({ id }) => id));
  const { rows } = await sql<{ id: string; n: string }>`
    select j.id, count(o.id) as n
    from jobs j
    join jobs o on o.tenant_id = j.tenant_id and o.state in ('queued', 'running') and o.id <> j.id
      and o.user_name is not distinct from j.user_name and o.priority > j.priority
    where j.id in (select jsonb_array_elements_text(${ids}::jsonb)) and ${mayBegin('o')}
      and (exists (select from layers l where l.job_id = o.id and l.released < l.task_count and ${readyTasks('l')} > 0)
        or exists (select from tasks t where t.job_id = o.id and t.state = 'waiting' and t.kind <> 'film'))
    group by j.id`.execute(db);
  return new Map(rows.map(({ id, n }) => [id, Number(n)]));
}

interface Held {
  readonly all: number;
  readonly byTenant: ReadonlyMap<string, number>;
  readonly byUser: ReadonlyMap<string, number>;
}

/** Deliveries of frames under way. */
async function readHeld(db: Kysely<Database>): Promise<Held> {
  const byTenant = new Map<string, number>();
  const byUser = new Map<string, number>();
  let all = 0;
  for (const { kind, tenant_id, user_name, n } of await readUsage(db)) {
    if (laneOf(kind) !== 'render') continue;
    all += n;
    byTenant.set(tenant_id, (byTenant.get(tenant_id) ?? 0) + n);
    const user = userKey(tenant_id, user_name);
    byUser.set(user, (byUser.get(user) ?? 0) + n);
  }
  return { all, byTenant, byUser };
}
