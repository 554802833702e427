/** Why a job that workers could draw begins nothing more: what it names is used up, or it has what it allows itself. */
import type { JobWait, Layer, WorkerIdentity } from '@kiln/shared';
import { type Kysely, sql } from 'kysely';
import { type HeldRow, type LimitSetting, LimitSettings } from '../dispatch/bounds.ts';
import { readHeld, readLimitSettings } from '../dispatch/read-bounds.ts';
import type { Database } from '../store/tables.ts';
import { readyTasks } from './layer-needs.ts';
import type { JobRow } from './present.ts';

/** Jobs whose names are told of those that use a limit. */
const TOLD_JOBS = 3;

type Layers = ReadonlyMap<string, readonly Layer[]>;

/** @param jobs that are open. */
export async function readBoundWaits(
  db: Kysely<Database>,
  jobs: readonly JobRow[],
  layers: Layers,
  workers: readonly WorkerIdentity[],
): Promise<ReadonlyMap<string, JobWait>> {
  const bounded = jobs.filter(
    (job) => job.max_slots !== null || limitsOfLayers(job, layers).some((all) => all.length > 0),
  );
  if (bounded.length === 0) return new Map();
  const held = await readHeld(db);
  const settings = new LimitSettings(await readLimitSettings(db));
  const unfinished = await readUnfinished(db, bounded);
  const names = await readNames(db, held);
  const hosts = [...new Set(workers.map(({ host, name }) => host ?? name))];
  return new Map(
    bounded.flatMap((job): (readonly [string, JobWait])[] => {
      const own = held.filter(({ jobId }) => jobId === job.id).reduce((sum, { n }) => sum + n, 0);
      if (!unfinished.has(job.id)) return [];
      if (job.max_slots !== null && own >= job.max_slots) return [[job.id, ownSlots(job, own, job.max_slots)]];
      if (own > 0) return [];
      const full = fullLimit(job, limitsOfLayers(job, layers), settings, held, hosts);
      return full ? [[job.id, { reason: 'named-limit', message: usedUp(full, job, names) }]] : [];
    }),
  );
}

/** Of each layer, what its tasks count for. */
const limitsOfLayers = ({ id, limits }: JobRow, layers: Layers): readonly (readonly string[])[] =>
  (layers.get(id) ?? []).map((layer) => [...(limits ?? []), ...layer.limits]);

const ownSlots = ({ id }: JobRow, own: number, most: number): JobWait => ({
  reason: 'job-slots',
  message: `At its own limit: ${own} of ${count(most, 'slot')} in use. \`kiln job ${id} --max-slots\` changes it.`,
});

interface FullLimit {
  readonly setting: LimitSetting;
  readonly held: readonly HeldRow[];
  /** It is so many machines that are full; null: all that there is of it is in use. */
  readonly machines: number | null;
}

/** Null when some layer could go on. */
function fullLimit(
  { tenant_id: tenantId }: JobRow,
  names: readonly (readonly string[])[],
  settings: LimitSettings,
  held: readonly HeldRow[],
  hosts: readonly string[],
): FullLimit | null {
  const full = names.map((ofLayer) => {
    for (const name of ofLayer) {
      const setting = settings.find(tenantId, name);
      if (!setting) continue;
      const its = held.filter((row) => row.limits?.includes(name) && settings.find(row.tenantId, name) === setting);
      const at = (host?: string) =>
        its.reduce((sum, row) => (host === undefined || row.host === host ? sum + row.n : sum), 0);
      if (setting.max !== null && at() >= setting.max) return { setting, held: its, machines: null };
      const { maxPerHost } = setting;
      if (maxPerHost !== null && hosts.every((host) => at(host) >= maxPerHost)) {
        return { setting, held: its, machines: hosts.length };
      }
    }
    return null;
  });
  return full.every((one) => one !== null) ? (full[0] ?? null) : null;
}

/** @param names of jobs. */
function usedUp({ setting, held, machines }: FullLimit, job: JobRow, names: ReadonlyMap<string, string>): string {
  const limit = `the limit “${setting.name}”`;
  if (setting.max === 0) return `Waits for ${limit}: the operator has set it to 0, so that nothing begins.`;
  const own = held.filter(({ tenantId }) => tenantId === job.tenant_id);
  const ownJobs = [...new Set(own.map(({ jobId }) => names.get(jobId) ?? jobId))];
  const more = ownJobs.length - TOLD_JOBS;
  const told = [...ownJobs.slice(0, TOLD_JOBS), ...(more > 0 ? [`${more} more`] : [])];
  const others = held.reduce((sum, { tenantId, n }) => (tenantId === job.tenant_id ? sum : sum + n), 0);
  const whose = [
    ...(told.length > 0 ? [`by ${told.length > 1 ? 'jobs' : 'job'} ${told.join(', ')}`] : []),
    ...(others > 0 ? [`by ${count(others, 'task')} of others`] : []),
  ].join(' and ');
  const used = held.reduce((sum, { n }) => sum + n, 0);
  if (machines !== null) {
    const where = machines === 1 ? 'the only machine has' : `each of ${machines} machines has`;
    return `Waits for ${limit}: ${where} the ${setting.maxPerHost} that may be there, ${whose}.`;
  }
  return `Waits for ${limit}: ${used} of ${setting.max} in use, ${whose}.`;
}

const count = (n: number, what: string) => `${n} ${n === 1 ? what : `${what}s`}`;

/** Those with tasks that could be given out. */
async function readUnfinished(db: Kysely<Database>, jobs: readonly JobRow[]): Promise<ReadonlySet<string>> {
  const ids = JSON.stringify(jobs.map(({ id }) => id));
  const { rows } = await sql<{ id: string }>`
    select j.id from jobs j
    where j.id in (select jsonb_array_elements_text(${ids}::jsonb))
      and (exists (select from layers l where l.job_id = j.id and l.released < l.task_count and ${readyTasks('l')} > 0)
        or exists (select from tasks t where t.job_id = j.id and t.state = 'waiting' and t.kind <> 'film'))`.execute(
    db,
  );
  return new Set(rows.map(({ id }) => id));
}

async function readNames(db: Kysely<Database>, held: readonly HeldRow[]): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(held.map(({ jobId }) => jobId))];
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom('jobs').select(['id', 'name']).where('id', 'in', ids).execute();
  return new Map(rows.map(({ id, name }) => [id, `“${name}”`]));
}
