/**
 * Gives leases: one transaction for all picks of a pass. What another hand changed meanwhile (a cancelled job, a task
 * that was taken) is left out, not fought over.
 */
import { type IdKind, partsPerFrame, type TaskKind } from '@kiln/shared';
import { sql, type Transaction } from 'kysely';
import type { Tell } from '../events/changes.ts';
import { tellJob } from '../events/job-progress.ts';
import { lockJobs } from '../jobs/job-row.ts';
import type { JobRow } from '../jobs/present.ts';
import type { AddressedDelivery, QueueLane } from '../queue/delivery-queues.ts';
import type { Database } from '../store/tables.ts';
import { laneOf } from './candidate.ts';
import { type FrameTasks, frameTasks } from './frame-tasks.ts';
import { fromNow } from './lease-time.ts';
import type { Pick } from './pick.ts';

export interface AssignParts {
  readonly newId: (kind: IdKind) => string;
  readonly newToken: () => string;
  readonly now: () => Date;
}

export interface Lease {
  readonly epoch: number;
  readonly leaseMs: number;
  readonly workerNames: ReadonlyMap<string, string>;
  /** Machine of each worker. */
  readonly hosts: ReadonlyMap<string, string>;
}

/** Another server leads: its epoch is larger. */
export class SupersededError extends Error {
  override readonly name = 'SupersededError';
}

interface LeasedTask {
  readonly taskId: string;
  readonly workerId: string;
  readonly lane: QueueLane;
  readonly attemptNumber: number;
  readonly limits: readonly string[];
}

/**
 * @returns the deliveries to be sent after the commit.
 * @throws SupersededError when this server's epoch is over.
 */
export async function assign(
  trx: Transaction<Database>,
  tell: Tell,
  picks: readonly Pick[],
  lease: Lease,
  parts: AssignParts,
): Promise<AddressedDelivery[]> {
  const { value } = await trx
    .selectFrom('farm_state')
    .select('value')
    .where('key', '=', 'dispatch_epoch')
    .forShare()
    .executeTakeFirstOrThrow();
  if (value !== lease.epoch) throw new SupersededError(`dispatch epoch ${lease.epoch} is over, ${value} leads`);

  const jobs = await lockJobs(
    trx,
    picks.flatMap((pick) => (pick.kind === 'import' ? [] : [pick.jobId])),
  );
  const running = (jobId: string) => {
    const state = jobs.get(jobId)?.state;
    return state === 'queued' || state === 'running';
  };
  const usable = picks.filter(
    (pick) => pick.kind === 'import' || (running(pick.jobId) && isOfClass(pick, jobs) && hasSameTerms(pick, jobs)),
  );
  const leased = [...(await releaseTasks(trx, usable, jobs, parts)), ...(await takeWaiting(trx, usable))];
  const deliveries = await insertAttempts(trx, leased, lease, parts);
  await settleClasses(trx, usable, jobs);
  await startJobs(trx, tell, usable, jobs, parts);
  return deliveries;
}

/** Somebody else may have settled the class of a strict job. */
function isOfClass(pick: Pick, jobs: ReadonlyMap<string, JobRow>): boolean {
  if (pick.kind === 'import' || pick.kind === 'film') return true;
  const job = jobs.get(pick.jobId);
  return job?.class_policy !== 'strict' || job.adapter_class === null || job.adapter_class === pick.adapterClass;
}

/** What was picked by limits that the job has no more would be counted for them. */
function hasSameTerms(pick: Pick, jobs: ReadonlyMap<string, JobRow>): boolean {
  if (pick.kind === 'import' || pick.kind === 'film') return true;
  return jobs.get(pick.jobId)?.terms_version === pick.terms.version;
}

const limitsOf = (pick: Pick): readonly string[] => ('terms' in pick ? pick.terms.limits : []);

/** The first worker that is given frames of a job decides its adapter class. */
async function settleClasses(
  trx: Transaction<Database>,
  picks: readonly Pick[],
  jobs: ReadonlyMap<string, JobRow>,
): Promise<void> {
  const classes = new Map<string, string>();
  for (const pick of picks) {
    if (pick.kind === 'import' || pick.kind === 'film' || classes.has(pick.jobId)) continue;
    const job = jobs.get(pick.jobId);
    if (job?.adapter_class === null) classes.set(job.id, pick.adapterClass);
  }
  for (const [jobId, adapterClass] of classes) {
    await trx.updateTable('jobs').set({ adapter_class: adapterClass }).where('id', '=', jobId).execute();
    const job = jobs.get(jobId);
    if (job) job.adapter_class = adapterClass;
  }
}

/** Cuts tasks from the cursors of layers: rows appear as they are leased. */
async function releaseTasks(
  trx: Transaction<Database>,
  picks: readonly Pick[],
  jobs: ReadonlyMap<string, JobRow>,
  parts: AssignParts,
): Promise<LeasedTask[]> {
  const cuts = picks.flatMap((pick) => (pick.kind === 'cursor' ? [pick] : []));
  if (cuts.length === 0) return [];
  const rests = cuts.flatMap((cut, at) => {
    const isLast = !cuts.slice(at + 1).some(({ layerId }) => layerId === cut.layerId);
    return isLast && jobs.get(cut.jobId)?.class_policy === 'prefer' ? restOfFrame(cut) : [];
  });
  const cursors = new Map<string, { id: string; from: number; n: number }>();
  for (const cut of [...cuts, ...rests]) {
    const cursor = cursors.get(cut.layerId);
    if (cursor) cursor.n++;
    else cursors.set(cut.layerId, { id: cut.layerId, from: cut.index, n: 1 });
  }
  const moved = await sql<{ id: string }>`
    update layers l set released = l.released + x.n
    from jsonb_to_recordset(${JSON.stringify([...cursors.values()])}::jsonb) as x(id text, "from" int, n int)
    where l.id = x.id and l.released = x."from" and l.released + x.n <= l.task_count
    returning l.id`.execute(trx);
  const movedIds = new Set(moved.rows.map((row) => row.id));
  const given = new Set(cuts);
  const tasks = [...cuts, ...rests].flatMap((cut) => {
    const job = jobs.get(cut.jobId);
    return job && movedIds.has(cut.layerId) ? [{ cut, job, taskId: parts.newId('task') }] : [];
  });
  if (tasks.length === 0) return [];
  const frames = await frameTasks(trx, tasks, parts.newId);
  const rows = tasks.map((task) => ({ ...task, ...placeOf(task.cut, frames) }));
  await trx
    .insertInto('tasks')
    .values(
      rows.map(({ cut, job, taskId, feeds, isWanted }) => ({
        id: taskId,
        tenant_id: cut.tenantId,
        kind: 'render' as const,
        job_id: cut.jobId,
        layer_id: cut.layerId,
        scene_id: job.scene_id,
        index: cut.index,
        ...(isWanted
          ? given.has(cut)
            ? { state: 'leased' as const, tries: 1, attempts: 1, ended_at: null }
            : { state: 'waiting' as const, ended_at: null }
          : { state: 'cancelled' as const, ended_at: parts.now() }),
        feeds,
        not_before: null,
      })),
    )
    .execute();
  return rows.flatMap(({ cut, taskId, isWanted }): LeasedTask[] =>
    isWanted && given.has(cut)
      ? [{ taskId, workerId: cut.workerId, lane: queueLane(cut, 'render'), attemptNumber: 1, limits: limitsOf(cut) }]
      : [],
  );
}

type CursorPick = Extract<Pick, { kind: 'cursor' }>;

/**
 * The parts of a frame that follow on this one. They get rows with it where frames may be of several classes: those that
 * wait for one do not hold up the frames after them.
 */
function restOfFrame(cut: CursorPick): CursorPick[] {
  if (cut.division === null) return [];
  const parts = partsPerFrame(cut.division);
  const left = parts - 1 - (cut.index % parts);
  return Array.from({ length: left }, (_, n) => ({ ...cut, index: cut.index + 1 + n }));
}

/** What a task cut from a cursor is an input of, and whether anybody waits for that. */
function placeOf(cut: CursorPick, frames: FrameTasks): { feeds: string | null; isWanted: boolean } {
  if (cut.division === null) return { feeds: null, isWanted: true };
  const frame = frames.get(cut.layerId, Math.floor(cut.index / partsPerFrame(cut.division)));
  return { feeds: frame.id, isWanted: frame.state === 'blocked' };
}

/** Tasks that have rows: imports, and frames whose attempt ended without a result. */
async function takeWaiting(trx: Transaction<Database>, picks: readonly Pick[]): Promise<LeasedTask[]> {
  const others = await ofOtherClass(trx, picks);
  const byTask = new Map(
    picks.flatMap((pick) => (pick.kind === 'cursor' || others.has(pick.taskId) ? [] : [[pick.taskId, pick] as const])),
  );
  if (byTask.size === 0) return [];
  const rows = await trx
    .updateTable('tasks')
    .set({ state: 'leased', tries: sql`tries + 1`, attempts: sql`attempts + 1`, not_before: null })
    .where('id', 'in', [...byTask.keys()])
    .where('state', '=', 'waiting')
    .returning(['id', 'attempts', 'kind'])
    .execute();
  return rows.flatMap((row) => {
    const pick = byTask.get(row.id);
    if (!pick) return [];
    const lane = queueLane(pick, row.kind);
    return [{ taskId: row.id, workerId: pick.workerId, lane, attemptNumber: row.attempts, limits: limitsOf(pick) }];
  });
}

/**
 * Settles the class of frames that have none (any more) and of which parts are given out.
 *
 * @returns tasks whose frames are of another class than the worker they were to be given to.
 */
async function ofOtherClass(trx: Transaction<Database>, picks: readonly Pick[]): Promise<ReadonlySet<string>> {
  const wanted = picks.flatMap((pick) => (pick.kind === 'task' ? [{ id: pick.taskId, class: pick.adapterClass }] : []));
  if (wanted.length === 0) return new Set();
  const json = JSON.stringify(wanted);
  await sql`
    update tasks d set adapter_class = x.class
    from (
      select distinct on (p.feeds) p.feeds, w.class
      from jsonb_to_recordset(${json}::jsonb) as w(id text, class text) join tasks p on p.id = w.id
      where p.feeds is not null
      order by p.feeds, p.id
    ) x
    where d.id = x.feeds and d.adapter_class is null and d.state = 'blocked'`.execute(trx);
  const { rows } = await sql<{ id: string }>`
    select w.id
    from jsonb_to_recordset(${json}::jsonb) as w(id text, class text)
    join tasks p on p.id = w.id
    join tasks d on d.id = coalesce(p.feeds, p.id)
    where d.adapter_class <> w.class`.execute(trx);
  return new Set(rows.map(({ id }) => id));
}

const queueLane = (pick: Pick, kind: TaskKind): QueueLane =>
  'isUrgent' in pick && pick.isUrgent ? 'urgent' : laneOf(kind);

async function insertAttempts(
  trx: Transaction<Database>,
  leased: readonly LeasedTask[],
  { epoch, leaseMs, workerNames, hosts }: Lease,
  parts: AssignParts,
): Promise<AddressedDelivery[]> {
  if (leased.length === 0) return [];
  const deliveries = leased.map((task) => ({
    workerId: task.workerId,
    lane: task.lane,
    attemptNumber: task.attemptNumber,
    limits: task.limits.length === 0 ? null : JSON.stringify(task.limits),
    delivery: { attemptId: parts.newId('attempt'), taskId: task.taskId, leaseToken: parts.newToken() },
  }));
  await trx
    .insertInto('attempts')
    .values(
      deliveries.map(({ workerId, attemptNumber, limits, delivery }) => ({
        id: delivery.attemptId,
        task_id: delivery.taskId,
        number: attemptNumber,
        state: 'assigned' as const,
        worker_id: workerId,
        worker_name: workerNames.get(workerId) ?? workerId,
        host: hosts.get(workerId) ?? null,
        limits,
        lease_epoch: epoch,
        lease_token: delivery.leaseToken,
        lease_expires_at: fromNow(leaseMs),
        reason: null,
        message: null,
        log: '[]',
        result_hash: null,
        started_at: null,
        ended_at: null,
      })),
    )
    .execute();
  return deliveries;
}

async function startJobs(
  trx: Transaction<Database>,
  tell: Tell,
  picks: readonly Pick[],
  jobs: ReadonlyMap<string, JobRow>,
  parts: AssignParts,
): Promise<void> {
  const picked = new Set(picks.flatMap((pick) => (pick.kind === 'import' ? [] : [pick.jobId])));
  const starting = [...jobs.values()].filter((job) => job.state === 'queued' && picked.has(job.id));
  if (starting.length === 0) return;
  const startedAt = parts.now();
  await trx
    .updateTable('jobs')
    .set({ state: 'running', started_at: sql<Date>`coalesce(started_at, ${startedAt}::timestamptz)` })
    .where(
      'id',
      'in',
      starting.map((job) => job.id),
    )
    .execute();
  for (const job of starting) tellJob(tell, { ...job, state: 'running', started_at: job.started_at ?? startedAt });
}
