/** Why a job that workers could draw has nothing under way: whose turn it is instead, with numbers. */
import type { JobWait, Layer, SceneNeeds } from '@kiln/shared';
import { type Kysely, sql } from 'kysely';
import { gainedOf } from '../dispatch/ageing.ts';
import type { Database } from '../store/tables.ts';
import { ableWorkers, type ReadyWorker } from './able-workers.ts';
import { readyTasks } from './layer-needs.ts';
import { readUnfinishedLayers } from './layers.ts';
import { mayBegin } from './predecessors.ts';
import type { JobRow } from './present.ts';
import { inSlots } from './queued-waits.ts';
import { shareText } from './share-text.ts';
import { readShareTurns, type Standing } from './share-turns.ts';
import type { SlotWork } from './slot-work.ts';

/**
 * @param jobs that workers which are here could draw; of those that slots work on nothing is said.
 * @param work that workers were given.
 */
export async function readTurnWaits(
  db: Kysely<Database>,
  jobs: readonly JobRow[],
  layers: ReadonlyMap<string, readonly Layer[]>,
  workers: readonly ReadyWorker[],
  { work, shareHalfLifeMs }: { readonly work: readonly SlotWork[]; readonly shareHalfLifeMs: number },
): Promise<ReadonlyMap<string, JobWait>> {
  const drawn = inSlots(work);
  const idle = jobs.filter(({ id }) => !drawn.has(id));
  if (idle.length === 0) return new Map();
  const tenants = [...new Set(idle.map(({ tenant_id }) => tenant_id))];
  const limits = await readLimits(db, tenants);
  const ahead = await readMoreUrgent(db, idle);
  const unfinished = await readUnfinishedLayers(
    db,
    idle.map(({ id }) => id),
  );
  const turns = await readShareTurns(db, work, workers, shareHalfLifeMs);
  return new Map(
    idle.flatMap((job): (readonly [string, JobWait])[] => {
      const able = ableFor(job, layers.get(job.id) ?? [], unfinished, workers);
      const there = work.filter(({ workerId }) => able.has(workerId));
      const wait = turnWait({
        own: given(work.filter((row) => isOwn(row, job))),
        ownThere: slotsIn(there.filter((row) => isOwn(row, job))),
        user: job.user_name,
        ofUser: slotsIn(there.filter((row) => isOwn(row, job) && row.user === job.user_name)),
        allThere: slotsIn(there),
        slots: slotsOf(workers.filter(({ id }) => able.has(id))),
        others: able.size === workers.length ? 0 : slotsOf(workers.filter(({ id }) => !able.has(id))),
        limit: limits.get(job.tenant_id) ?? null,
        ahead: ahead.get(job.id) ?? 0,
        shareOf: (slots) => ({
          tenant: turns.ofTenant(job.tenant_id, able, slots),
          user: turns.ofUser(job.tenant_id, job.user_name, able),
        }),
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

const isOwn = (row: SlotWork, job: JobRow) => row.tenantId === job.tenant_id;

const given = (work: readonly SlotWork[]) => work.reduce((all, { n }) => all + n, 0);

const slotsIn = (work: readonly SlotWork[]) => work.reduce((all, one) => all + one.inSlots, 0);

const slotsOf = (workers: readonly ReadyWorker[]) => workers.reduce((all, { identity }) => all + identity.slots, 0);

interface Turn {
  /** Tasks of its tenant that workers were given. */
  readonly own: number;
  /** Slots that work for it, of workers that may be given something of this job. */
  readonly ownThere: number;
  /** Who submitted it; null: nobody in particular. */
  readonly user: string | null;
  /** Slots that work for that user there. */
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
  /** How its tenant, and its user, stand among those that want these slots. */
  readonly shareOf: (slots: number) => { readonly tenant: Standing; readonly user: Standing };
}

function turnWait(turn: Turn): JobWait | null {
  const { own, ownThere, user, ofUser, allThere, slots, others, limit, ahead, shareOf } = turn;
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
  const its = user === null || ownThere === 0 ? '' : ` (${ofUser === 0 ? 'none' : ofUser} of “${user}”)`;
  const whose = [
    ownThere > 0 ? `${count(ownThere, 'task')} of yours${its}` : '',
    ofOthers > 0 ? (ownThere > 0 ? `${ofOthers} of others` : `${count(ofOthers, 'task')} of others`) : '',
  ];
  const busy = whose.filter((text) => text !== '').join(' and ');
  const what = others === 0 ? '' : ' that has what it needs';
  const which = slots === 1 ? `the only one${what} is` : `all ${slots}${what.replace('has', 'have')} are`;
  const lack = others === 0 ? '' : `; ${others === 1 ? 'one other lacks' : `${others} others lack`} it`;
  const share = shareText(shareOf(slots), user);
  if (share !== null) return { reason: 'share', message: `${share}${before}.` };
  const message = `Waits for a slot: ${which} busy with ${busy}${before}${lack}.`;
  return { reason: ahead > 0 ? 'priority' : 'slots', message };
}

const count = (n: number, what: string) => `${n} ${n === 1 ? what : `${what}s`}`;

/** Of a job, by its alias: what the dispatcher orders by. */
const urgencyOf = (alias: 'j' | 'o') => sql`${sql.ref(`${alias}.priority`)} + ${gainedOf(alias)}`;

async function readLimits(db: Kysely<Database>, tenants: readonly string[]): Promise<Map<string, number | null>> {
  const rows = await db.selectFrom('tenants').select(['id', 'max_slots']).where('id', 'in', tenants).execute();
  return new Map(rows.map(({ id, max_slots }) => [id, max_slots]));
}

/**
 * How many open jobs of the same user, with tasks to give out, are more urgent than each, by what both gained by waiting. Those are
 * looked at once, however many are asked about.
 */
async function readMoreUrgent(db: Kysely<Database>, jobs: readonly JobRow[]): Promise<Map<string, number>> {
  const ids = JSON.stringify(jobs.map(({ id }) => id));
  const { rows: asked } = await sql<{ id: string; key: string; urgency: number }>`
    select j.id, ${userOf('j')} as key, ${urgencyOf('j')} as urgency from jobs j
    where j.id in (select jsonb_array_elements_text(${ids}::jsonb))`.execute(db);
  const { rows: open } = await sql<{ key: string; urgency: number; n: string }>`
    select ${userOf('o')} as key, ${urgencyOf('o')} as urgency, count(*) as n
    from jobs o
    where o.state in ('queued', 'running') and ${mayBegin('o')}
      and o.tenant_id in (select j.tenant_id from jobs j where j.id in (select jsonb_array_elements_text(${ids}::jsonb)))
      and (exists (select from layers l where l.job_id = o.id and l.released < l.task_count and ${readyTasks('l')} > 0)
        or exists (select from tasks t where t.job_id = o.id and t.state = 'waiting' and t.kind <> 'film'))
    group by 1, 2`.execute(db);
  return new Map(
    asked.map(({ id, key, urgency }) => {
      const before = open.filter((one) => one.key === key && one.urgency > urgency);
      return [id, before.reduce((sum, { n }) => sum + Number(n), 0)];
    }),
  );
}

/** Of a job, by its alias: its tenant and user as one text. */
const userOf = (alias: 'j' | 'o') =>
  sql`jsonb_build_array(${sql.ref(`${alias}.tenant_id`)}, ${sql.ref(`${alias}.user_name`)})::text`;
