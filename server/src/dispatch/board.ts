/**
 * What the leader knows between passes, so that a pass of a steady job reads one thing only: what is under way. The rest
 * is read again when somebody says that it changed, and with every tick, for a hint may be lost.
 */
import { partsPerFrame, type WorkerIdentity } from '@kiln/shared';
import type { Kysely } from 'kysely';
import type { Database } from '../store/tables.ts';
import { hasBounds } from './bounds.ts';
import { type Candidate, laneOf } from './candidate.ts';
import { hostOf, loadedKey, type PickWorker, type RenderingShare } from './desk.ts';
import { DISPATCH_LIMITS } from './limits.ts';
import type { Pick, PickInput } from './pick.ts';
import { readUnmet } from './reach.ts';
import { readBounds } from './read-bounds.ts';
import type { TenantShare } from './share-accounts.ts';
import type { HeldSec, ShareBook } from './share-book.ts';
import { type DeskRow, readCursors, readDesks, readUsage, readWaiting, type UsageRow, type Work } from './snapshot.ts';
import { heldSec, type InnerLoads, userKey } from './turns.ts';
import type { JobDeliveries, JobOwner } from './uncharged-use.ts';

export interface BoardParts {
  readonly db: Kysely<Database>;
  readonly leaseMs: number;
  readonly shares: ShareBook;
  /** Measured time of one task of a layer; null while unknown. */
  readonly taskMs: (layerId: string) => number | null;
}

export interface Snapshot extends PickInput {
  readonly workerNames: ReadonlyMap<string, string>;
  /** Machine of each worker. */
  readonly hosts: ReadonlyMap<string, string>;
}

export class Board {
  readonly #parts: BoardParts;
  #workers: readonly DeskRow[] | null = null;
  #work: Work[] | null = null;
  /** More work waits than was read. */
  #isPartial = false;
  /** Goes up when something must be forgotten, so that a read under way is not remembered. */
  #workAge = 0;
  #workersAge = 0;

  constructor(parts: BoardParts) {
    this.#parts = parts;
  }

  forgetWorkers(): void {
    this.#workersAge += 1;
    this.#workers = null;
  }

  forgetWork(): void {
    this.#workAge += 1;
    this.#work = null;
  }

  /** What users hold now, as it counts between them and between their tenants. */
  async held(): Promise<HeldSec[]> {
    const byUser = new Map<string, HeldSec>();
    for (const row of framesOf(await readUsage(this.#parts.db))) {
      const { tenant_id: tenantId, user_name: user, layer_id, job_id, n } = row;
      const key = userKey(tenantId, user);
      const sec = (byUser.get(key)?.sec ?? 0) + n * heldSec(this.#slotMs(layer_id, job_id));
      byUser.set(key, { tenantId, user, sec });
    }
    return [...byUser.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, held]) => held);
  }

  /** @param avoided workers that are given nothing that another could do. @returns null when nothing can be picked. */
  async look(avoided: ReadonlySet<string>): Promise<Snapshot | null> {
    const { db, taskMs, shares } = this.#parts;
    const rows = this.#workers ?? (await this.#readWorkers());
    if (rows.length === 0) return null;
    if (this.#work?.length === 0) return null;
    const used = await readUsage(db);
    shares.uncharged.look(deliveriesByJob(used));
    const usedBy = byWorker(used);
    const workers = rows.map((row) =>
      deskOf(row, usedBy.get(row.id) ?? [], taskMs, avoided.has(row.id) || row.is_suspended),
    );
    if (!workers.some((worker) => mayHaveRoom(worker, this.#work))) return null;
    const waiting = this.#work ?? (await this.#readWork(rows));
    if (waiting.length === 0) return null;
    const usage = {
      render: new Map<string, number>(),
      import: new Map<string, number>(),
      film: new Map<string, number>(),
    };
    for (const { kind, tenant_id, n } of used) {
      const lane = usage[laneOf(kind)];
      lane.set(tenant_id, (lane.get(tenant_id) ?? 0) + n);
    }
    return {
      workers,
      leastPriority: used.reduce((least, { priority }) => Math.min(least, priority ?? least), Number.POSITIVE_INFINITY),
      candidates: waiting.map((work): Candidate => this.#withTimes(work)),
      usage,
      shares: new Map(waiting.map(({ tenantId }): [string, TenantShare] => [tenantId, shares.of(tenantId)])),
      workerNames: new Map(rows.map((row) => [row.id, row.identity.name])),
      hosts: new Map(workers.map((worker) => [worker.id, hostOf(worker)])),
      loads: loadsOf(used, shares, (layerId, jobId) => this.#slotMs(layerId, jobId)),
      // After the work: what was changed with it is seen.
      ...(waiting.some(isBounded) ? { bounds: await readBounds(db) } : {}),
    };
  }

  /**
   * Notes what was given out.
   *
   * @param all whether every pick was; otherwise somebody else has changed what is known here.
   */
  given(picks: readonly Pick[], all: boolean): void {
    const work = this.#work;
    if (!all || !work) {
      this.#work = null;
      return;
    }
    this.#noteGiven(picks, work);
    const taken = new Map<string, number>();
    const newClasses = new Map<string, string>();
    /** Of the last part that was given out of each layer. */
    const lastClasses = new Map<string, string>();
    const given = new Set(picks.flatMap((pick) => ('jobId' in pick ? [pick.jobId] : [])));
    for (const pick of picks) {
      const key = pick.kind === 'cursor' ? pick.layerId : pick.taskId;
      taken.set(key, (taken.get(key) ?? 0) + 1);
      if (pick.kind === 'import' || pick.kind === 'film') continue;
      if (pick.settlesClass && !newClasses.has(pick.jobId)) newClasses.set(pick.jobId, pick.adapterClass);
      if (pick.kind === 'cursor') lastClasses.set(pick.layerId, pick.adapterClass);
    }
    /** Other parts of their frames have a class now. */
    let hasSettled = false;
    const rest = work.flatMap((before): Work[] => {
      const item =
        'jobClass' in before
          ? {
              ...before,
              jobClass: before.jobClass ?? newClasses.get(before.jobId) ?? null,
              ...(given.has(before.jobId) ? { gained: 0 } : {}),
            }
          : before;
      const n = taken.get(item.kind === 'cursor' ? item.layerId : item.taskId) ?? 0;
      if (n === 0) return [item];
      hasSettled ||= item.kind === 'task' && item.division !== null && item.frameClass === null;
      if (item.kind !== 'cursor' || n >= item.remaining) return [];
      const next = item.next + n;
      const isBegun = item.division !== null && next % partsPerFrame(item.division) !== 0;
      const frameClass = isBegun ? (lastClasses.get(item.layerId) ?? null) : null;
      return [{ ...item, next, remaining: item.remaining - n, isRunning: true, frameClass }];
    });
    // Its frame's other parts have rows now.
    const hasRows = rest.some(
      (item) => item.kind === 'cursor' && item.classPolicy === 'prefer' && item.frameClass !== null,
    );
    if (hasSettled || hasRows) {
      this.#work = null;
      return;
    }
    this.#work = this.#isPartial && rest.length < work.length ? null : rest;
  }

  #noteGiven(picks: readonly Pick[], work: readonly Work[]): void {
    const users = new Map(work.map((one) => ('user' in one ? [one.jobId, one.user ?? null] : ['', null])));
    for (const pick of picks) {
      if (pick.kind === 'import' || pick.kind === 'film') continue;
      const { jobId, tenantId } = pick;
      this.#parts.shares.uncharged.given(jobId, { tenantId, user: users.get(jobId) ?? null, n: 1 });
    }
  }

  #withTimes(work: Work): Candidate {
    if (work.kind === 'import' || work.kind === 'film') return work;
    const { layerId, jobId } = work;
    return { ...work, taskMs: this.#parts.taskMs(layerId), slotMs: this.#slotMs(layerId, jobId) };
  }

  /** Null while unknown. */
  #slotMs(layerId: string | null, jobId: string): number | null {
    const taskMs = layerId === null ? null : this.#parts.taskMs(layerId);
    return taskMs === null ? null : Math.max(taskMs, this.#parts.shares.slotMs(jobId) ?? 0);
  }

  async #readWorkers(): Promise<readonly DeskRow[]> {
    const age = this.#workersAge;
    const rows = await readDesks(this.#parts.db, this.#parts.leaseMs);
    if (age === this.#workersAge) this.#workers = rows;
    return rows;
  }

  async #readWork(workers: readonly DeskRow[]): Promise<Work[]> {
    const { db } = this.#parts;
    const age = this.#workAge;
    const here = { classes: [...new Set(workers.map(({ identity }) => identity.adapterClass))], unmet: [] };
    let waiting = await readWaiting(db, here);
    let cursors = await readCursors(db, here);
    const tenants = [...fullTenants(waiting), ...fullTenants(cursors)];
    if (tenants.length > 0) {
      const unmet = await readUnmet(db, tenants, workers);
      if (unmet.length > 0) {
        waiting = await readWaiting(db, { ...here, unmet });
        cursors = await readCursors(db, { ...here, unmet });
      }
    }
    const most = DISPATCH_LIMITS.candidatesPerTenant;
    this.#isPartial = waiting.length >= most || cursors.length >= most;
    const work = [...waiting, ...cursors];
    if (age === this.#workAge) this.#work = work;
    return work;
  }
}

/** Tenants of which more may wait, of other kinds, than was read. */
function fullTenants(work: readonly Work[]): string[] {
  const counts = new Map<string, number>();
  for (const { tenantId } of work) counts.set(tenantId, (counts.get(tenantId) ?? 0) + 1);
  return [...counts].flatMap(([tenantId, n]) => (n >= DISPATCH_LIMITS.candidatesOfAllLanes ? [tenantId] : []));
}

type FrameUsage = UsageRow & { readonly job_id: string };

const framesOf = (used: readonly UsageRow[]): FrameUsage[] =>
  used.filter((row): row is FrameUsage => laneOf(row.kind) === 'render' && row.job_id !== null);

function deliveriesByJob(used: readonly UsageRow[]): ReadonlyMap<string, JobDeliveries> {
  const byJob = new Map<string, JobDeliveries>();
  for (const { tenant_id: tenantId, user_name: user, job_id, n } of framesOf(used)) {
    byJob.set(job_id, { tenantId, user, n: (byJob.get(job_id)?.n ?? 0) + n });
  }
  return byJob;
}

/** What tenants hold, and what users and jobs have had with it: what is under way, and what has ended and is not charged yet. */
function loadsOf(
  used: readonly UsageRow[],
  shares: ShareBook,
  slotMs: (layerId: string | null, jobId: string) => number | null,
): InnerLoads {
  const held = new Map<string, number>();
  const add = (jobId: string, { tenantId, user }: JobOwner, sec: number) => {
    for (const key of [tenantId, userKey(tenantId, user), jobId]) held.set(key, (held.get(key) ?? 0) + sec);
  };
  for (const { tenant_id: tenantId, user_name: user, job_id, layer_id, n } of framesOf(used)) {
    add(job_id, { tenantId, user }, n * heldSec(slotMs(layer_id, job_id)));
  }
  for (const [jobId, { n, ...owner }] of shares.uncharged.ended()) {
    add(jobId, owner, (n * (shares.slotMs(jobId) ?? 0)) / 1_000);
  }
  const heldBy = (key: string) => held.get(key) ?? 0;
  return {
    heldBy,
    ofUser: (key) => shares.users.of(key) + heldBy(key),
    ofJob: (jobId) => shares.jobs.of(jobId) + heldBy(jobId),
  };
}

const isBounded = (work: Work) => 'terms' in work && work.terms !== undefined && hasBounds(work.terms);

function byWorker(used: readonly UsageRow[]): ReadonlyMap<string, readonly UsageRow[]> {
  const rows = new Map<string, UsageRow[]>();
  for (const row of used) {
    const known = rows.get(row.worker_id);
    if (known) known.push(row);
    else rows.set(row.worker_id, [row]);
  }
  return rows;
}

/** @param used of this worker. */
function deskOf(
  { id, identity, status }: DeskRow,
  used: readonly UsageRow[],
  taskMs: BoardParts['taskMs'],
  isAvoided: boolean,
): PickWorker {
  let rendering = 0;
  let filming = 0;
  const importing = new Set<string>();
  let queuedMs: number | null = 0;
  const renderingBy: RenderingShare[] = [];
  for (const { tenant_id, kind, layer_id, priority, n } of used) {
    if (kind === 'import') {
      importing.add(tenant_id);
      continue;
    }
    if (kind === 'film') {
      filming += n;
      continue;
    }
    rendering += n;
    if (priority !== null) renderingBy.push({ tenantId: tenant_id, priority, n });
    const each = layer_id === null ? null : taskMs(layer_id);
    queuedMs = queuedMs === null || each === null ? null : queuedMs + each * n;
  }
  return {
    id,
    slots: identity.slots,
    abilities: identity.capabilities,
    adapterClass: identity.adapterClass,
    facts: identity,
    host: identity.host ?? identity.name,
    isAvoided,
    loaded: new Set((status?.scenes ?? []).map((scene) => loadedKey(scene.tenantId, scene.sceneHash))),
    tenants: new Set((status?.browsers ?? []).map((browser) => browser.tenantId)),
    rendering,
    renderingBy: hasUrgentQueue(identity) ? renderingBy : null,
    importing,
    filmMakers: identity.filmMakers ?? [],
    filming,
    queuedMs,
  };
}

/** [WK18, WK19] */
const hasUrgentQueue = ({ protocols }: WorkerIdentity) => protocols.includes(2);

/** @param work that waits; null when it is to be read. */
const mayHaveRoom = (worker: PickWorker, work: readonly Work[] | null) => {
  const { slots, rendering, importing, filming, filmMakers, queuedMs } = worker;
  return (
    (filmMakers.length > 0 && filming < DISPATCH_LIMITS.filmsPerWorker) ||
    importing.size < DISPATCH_LIMITS.importsPerWorker ||
    rendering < slots * (DISPATCH_LIMITS.pipelinedPerSlot + 1) ||
    (queuedMs !== null && queuedMs < slots * DISPATCH_LIMITS.queuedAheadMs) ||
    mayGiveWay(worker, work)
  );
};

function mayGiveWay({ renderingBy }: PickWorker, work: readonly Work[] | null): boolean {
  if (!renderingBy || renderingBy.length === 0) return false;
  if (work === null) return true;
  const least = Math.min(...renderingBy.map(({ priority }) => priority));
  return work.some(({ priority }) => priority > least);
}
