/** Why a job that workers could draw has nothing under way: whose turn it is instead, with numbers. */
import type { JobWait, Layer, SceneNeeds } from '@kiln/shared';
import { type Kysely, sql } from 'kysely';
import { gainedOf } from '../dispatch/ageing.ts';
import { laneOf } from '../dispatch/candidate.ts';
import { readUsage, type UsageRow } from '../dispatch/snapshot.ts';
import type { Database } from '../store/tables.ts';
import { ableWorkers, type ReadyWorker } from './able-workers.ts';
import { readyTasks } from './layer-needs.ts';
import { readUnfinishedLayers } from './layers.ts';
import { mayBegin } from './predecessors.ts';
import type { JobRow } from './present.ts';

/** @param jobs that workers which are here could draw. */
export async function readTurnWaits(
  db: Kysely<Database>,
  jobs: readonly JobRow[],
  layers: ReadonlyMap<string, readonly Layer[]>,
  workers: readonly ReadyWorker[],
): Promise<ReadonlyMap<string, JobWait>> {
  const idle = await withoutDeliveries(db, jobs);
  if (idle.length === 0) return new Map();
  const tenants = [...new Set(idle.map(({ tenant_id }) => tenant_id))];
  const limits = await readLimits(db, tenants);
  const ahead = await readMoreUrgent(db, idle);
  const unfinished = await readUnfinishedLayers(
    db,
    idle.map(({ id }) => id),
  );
  const held = (await readUsage(db)).filter(({ kind }) => laneOf(kind) === 'render');
  return new Map(
    idle.flatMap((job): (readonly [string, JobWait])[] => {
      const able = ableFor(job, layers.get(job.id) ?? [], unfinished, workers);
      const there = held.filter(({ worker_id }) => able.has(worker_id));
      const wait = turnWait({
        own: sum(held.filter((row) => isOwn(row, job))),
        ownThere: sum(there.filter((row) => isOwn(row, job))),
        user: job.user_name,
        ofUser: sum(there.filter((row) => isOwn(row, job) && row.user_name === job.user_name)),
        allThere: sum(there),
        slots: slotsOf(workers.filter(({ id }) => able.has(id))),
        others: able.size === workers.length ? 0 : slotsOf(workers.filter(({ id }) => !able.has(id))),
        limit: limits.get(job.tenant_id) ?? null,
        ahead: ahead.get(job.id) ?? 0,
      });
      return wait ? [[job.id, wait]] : [];
    }),
  );
}

/** Workers that may be given something of it. */
function ableFor(
  { class_policy, adapter_class }: JobRow,
  layers: readonly Layer[],
  unfinished: ReadonlyMap<string, SceneNeeds | null>,
  workers: readonly ReadyWorker[],
): ReadonlySet<string> {
  const wanted = class_policy === 'strict' ? adapter_class : null;
  const ofClass = workers.filter(({ identity }) => wanted === null || identity.adapterClass === wanted);
  return new Set(
    layers.flatMap((layer) => {
      const sceneNeeds = unfinished.get(layer.id);
      return sceneNeeds === undefined ? [] : ableWorkers(ofClass, layer, sceneNeeds).map(({ id }) => id);
    }),
  );
}

const isOwn = (row: UsageRow, job: JobRow) => row.tenant_id === job.tenant_id;

const sum = (rows: readonly UsageRow[]) => rows.reduce((all, { n }) => all + n, 0);

const slotsOf = (workers: readonly ReadyWorker[]) => workers.reduce((all, { identity }) => all + identity.slots, 0);

interface Turn {
  /** Frames of its tenant that are under way. */
  readonly own: number;
  /** Those at workers that may be given something of this job. */
  readonly ownThere: number;
  /** Who submitted it; null: nobody in particular. */
  readonly user: string | null;
  /** Frames of that user that are under way there. */
  readonly ofUser: number;
  /** Those of all tenants. */
  readonly allThere: number;
  readonly slots: number;
  /** Slots of workers that lack something that this job needs. */
  readonly others: number;
  /** Of its tenant; null: none. */
  readonly limit: number | null;
  /** Jobs of its user that are more urgent. */
  readonly ahead: number;
}

function turnWait({ own, ownThere, user, ofUser, allThere, slots, others, limit, ahead }: Turn): JobWait | null {
  const before = ahead === 0 ? '' : `, and ${count(ahead, 'job')} of yours of higher priority before this one`;
  if (limit !== null && own >= limit) {
    // Deliveries that workers hold ahead are no slots in use.
    return {
      reason: 'limit',
      message: `At your limit: ${Math.min(own, limit)} of ${count(limit, 'slot')} in use${before}.`,
    };
  }
  if (slots === 0 || allThere < slots) return null;
  const ofOthers = allThere - ownThere;
  const its = user === null || ownThere === 0 ? '' : ` (${ofUser} of “${user}”)`;
  const whose = [
    ownThere > 0 ? `${count(ownThere, 'task')} of yours${its}` : '',
    ofOthers > 0 ? (ownThere > 0 ? `${ofOthers} of others` : `${count(ofOthers, 'task')} of others`) : '',
  ];
  const busy = whose.filter((text) => text !== '').join(' and ');
  const what = others === 0 ? '' : ' that has what it needs';
  const which = slots === 1 ? `the only one${what} is` : `all ${slots}${what.replace('has', 'have')} are`;
  const lack = others === 0 ? '' : `; ${others === 1 ? 'one other lacks' : `${others} others lack`} it`;
  const message = `Waits for a slot: ${which} busy with ${busy}${before}${lack}.`;
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

/** Of a job, by its alias: what the dispatcher orders by. */
const urgencyOf = (alias: 'j' | 'o') => sql`${sql.ref(`${alias}.priority`)} + ${gainedOf(alias)}`;

async function readLimits(db: Kysely<Database>, tenants: readonly string[]): Promise<Map<string, number | null>> {
  const rows = await db.selectFrom('tenants').select(['id', 'max_slots']).where('id', 'in', tenants).execute();
  return new Map(rows.map(({ id, max_slots }) => [id, max_slots]));
}

/** How many open jobs of the same user, with tasks to give out, are more urgent than each, by what both gained by waiting. */
async function readMoreUrgent(db: Kysely<Database>, jobs: readonly JobRow[]): Promise<Map<string, number>> {
  const ids = JSON.stringify(jobs.map(({ id }) => id));
  const { rows } = await sql<{ id: string; n: string }>`
    select j.id, count(o.id) as n
    from jobs j
    join jobs o on o.tenant_id = j.tenant_id and o.state in ('queued', 'running') and o.id <> j.id
      and o.user_name is not distinct from j.user_name and ${urgencyOf('o')} > ${urgencyOf('j')}
    where j.id in (select jsonb_array_elements_text(${ids}::jsonb)) and ${mayBegin('o')}
      and (exists (select from layers l where l.job_id = o.id and l.released < l.task_count and ${readyTasks('l')} > 0)
        or exists (select from tasks t where t.job_id = o.id and t.state = 'waiting' and t.kind <> 'film'))
    group by j.id`.execute(db);
  return new Map(rows.map(({ id, n }) => [id, Number(n)]));
}
