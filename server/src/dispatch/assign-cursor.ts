/**
 * The common case of giving leases: the next tasks of layers whose jobs run. One statement makes tasks and attempts, where
 * `assign` takes seven; what it leaves out (a job that was cancelled, a cursor that another hand moved) is simply missing.
 */
import { type Kysely, sql } from 'kysely';
import type { AddressedDelivery } from '../queue/delivery-queues.ts';
import { PREPARED } from '../store/prepared.ts';
import type { Database } from '../store/tables.ts';
import type { AssignParts, Lease } from './assign.ts';
import type { Pick } from './pick.ts';

export type CursorPick = Extract<Pick, { kind: 'cursor' }>;

/** Whether all picks are of this kind, none of a divided frame, and none the first of its job. */
export const areCursorPicks = (picks: readonly Pick[]): picks is readonly CursorPick[] =>
  picks.every((pick) => pick.kind === 'cursor' && pick.isRunning && pick.division === null && !pick.settlesClass);

export interface GivenTask {
  readonly pick: CursorPick;
  readonly delivery: AddressedDelivery;
}

/** @returns those picks that were given; none at all when this server's epoch is over. */
export async function assignFromCursors(
  db: Kysely<Database>,
  picks: readonly CursorPick[],
  { epoch, leaseMs, workerNames, hosts }: Lease,
  parts: AssignParts,
): Promise<GivenTask[]> {
  const cuts = new Map<string, { layer_id: string; job_id: string; from: number; n: number }>();
  for (const { layerId, jobId, index } of picks) {
    const cut = cuts.get(layerId);
    if (cut) cut.n++;
    else cuts.set(layerId, { layer_id: layerId, job_id: jobId, from: index, n: 1 });
  }
  const wanted = picks.map((pick) => ({
    task_id: parts.newId('task'),
    attempt_id: parts.newId('attempt'),
    token: parts.newToken(),
    layer_id: pick.layerId,
    job_id: pick.jobId,
    tenant_id: pick.tenantId,
    scene_id: pick.sceneId,
    index: pick.index,
    worker_id: pick.workerId,
    worker_name: workerNames.get(pick.workerId) ?? pick.workerId,
    host: hosts.get(pick.workerId) ?? null,
    limits: pick.terms.limits.length === 0 ? null : pick.terms.limits,
    terms: pick.terms.version,
  }));
  const { rows } = await sql<{ task_id: string }>`
    ${PREPARED} with wanted as materialized (
      select * from jsonb_to_recordset(${JSON.stringify(wanted)}::jsonb) as x(
        task_id text, attempt_id text, token text, layer_id text, job_id text, tenant_id text, scene_id text,
        "index" int, worker_id text, worker_name text, host text, limits jsonb, terms int)
    ), lead as materialized (
      select value from farm_state where key = 'dispatch_epoch' for share
    ), held as materialized (
      select id from jobs
      where (id, terms_version) in (select job_id, terms from wanted) and state = 'running' and adapter_class is not null
        and ${epoch}::bigint = (select value from lead)
      order by id for no key update
    ), moved as (
      update layers l set released = l.released + c.n
      from jsonb_to_recordset(${JSON.stringify([...cuts.values()])}::jsonb)
        as c(layer_id text, job_id text, "from" int, n int)
      join held on held.id = c.job_id
      where l.id = c.layer_id and l.released = c."from" and l.released + c.n <= l.task_count
      returning l.id
    ), given as materialized (
      select wanted.* from wanted join moved on moved.id = wanted.layer_id
    ), made as (
      insert into tasks (id, tenant_id, kind, job_id, layer_id, scene_id, "index", state, tries, attempts)
      select task_id, tenant_id, 'render', job_id, layer_id, scene_id, "index", 'leased', 1, 1 from given
    ), leased as (
      insert into attempts (id, task_id, number, state, worker_id, worker_name, host, limits, lease_epoch, lease_token,
                            lease_expires_at)
      select attempt_id, task_id, 1, 'assigned', worker_id, worker_name, host, limits, ${epoch}::bigint, token,
             now() + ${leaseMs}::int * interval '1 millisecond'
      from given
    )
    select task_id from given`.execute(db);
  const given = new Set(rows.map((row) => row.task_id));
  return wanted.flatMap((row, at): GivenTask[] => {
    const pick = picks[at];
    if (!pick || !given.has(row.task_id)) return [];
    const delivery = { attemptId: row.attempt_id, taskId: row.task_id, leaseToken: row.token };
    const lane = pick.isUrgent ? 'urgent' : 'render';
    return [{ pick, delivery: { workerId: row.worker_id, lane, attemptNumber: 1, delivery } }];
  });
}
