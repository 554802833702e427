/**
 * Which work goes to which worker now. Pure: the dispatcher reads the state, this decides, the dispatcher writes.
 *
 * Between tenants the one that has had least comes next, inside a tenant its users alike; of one user the more urgent job goes
 * first, and of jobs that are equally urgent the one that has had least. A worker
 * that has the scene loaded for the tenant is preferred, then one whose browser serves the tenant, then the least busy.
 * What is more urgent does not stand behind its tenant's less urgent deliveries: they leave it their slot as soon as they may.
 */
import type { Division } from '@kiln/shared';
import { type BoundedWork, type Bounds, NO_TERMS, type WorkTerms } from './bounds.ts';
import { byUrgency, type Candidate, type Lane, laneOf } from './candidate.ts';
import { ANY_CLASS, ClassChoice } from './class-choice.ts';
import { type Desk, hostOf, type PickWorker } from './desk.ts';
import { OpenDesks } from './open-desks.ts';
import { EQUAL_SHARE, type TenantShare } from './share-accounts.ts';
import { type InnerLoads, NO_LOADS, next, Share } from './turns.ts';

export type Pick = { readonly workerId: string; readonly tenantId: string } & (
  | { readonly kind: 'import'; readonly taskId: string }
  | { readonly kind: 'film'; readonly taskId: string; readonly jobId: string }
  | ({ readonly kind: 'task'; readonly taskId: string } & RenderPick)
  | ({
      readonly kind: 'cursor';
      readonly priority: number;
      readonly layerId: string;
      readonly sceneId: string;
      readonly frameTimeoutMs: number;
      readonly isRunning: boolean;
      readonly division: Division | null;
      readonly index: number;
    } & RenderPick)
);

interface RenderPick {
  readonly jobId: string;
  /** Its worker has less urgent deliveries of the tenant. */
  readonly isUrgent: boolean;
  /** Of the worker. */
  readonly adapterClass: string;
  /** Nothing of the job was given out before this pass. */
  readonly settlesClass: boolean;
  /** By which it was picked. */
  readonly terms: WorkTerms;
}

/** Deliveries under way of one tenant, by lane. */
type Usage = ReadonlyMap<string, number>;

export interface PickInput {
  readonly workers: readonly PickWorker[];
  /** Places of those to look at: the others are full, nothing gives way there, and none is avoided. @defaultValue all */
  readonly ofNote?: readonly number[];
  /** Least priority of frames under way: what is no more urgent makes none of them give way. @defaultValue looked for */
  readonly leastPriority?: number;
  readonly candidates: readonly Candidate[];
  readonly usage: Readonly<Record<Lane, Usage>>;
  /** Of tenants with work. @defaultValue equal shares */
  readonly shares?: ReadonlyMap<string, TenantShare>;
  /** Of their users and jobs. @defaultValue nobody has had or holds anything */
  readonly loads?: InnerLoads;
  /** Limits beside tenants' slots, and what counts for them now. @defaultValue none */
  readonly bounds?: Bounds | undefined;
  /** Picks that are wanted at most. @defaultValue all */
  readonly most?: number;
}

export function pick({
  workers,
  ofNote,
  leastPriority,
  candidates,
  usage,
  shares = new Map(),
  loads = NO_LOADS,
  bounds,
  most = Number.POSITIVE_INFINITY,
}: PickInput): Pick[] {
  const picks: Pick[] = [];
  for (const lane of LANES) {
    const ofLane = candidates.filter(({ kind }) => laneOf(kind) === lane);
    if (ofLane.length === 0) continue;
    const desks = new OpenDesks(lane, { workers, ofNote, leastPriority }, ofLane);
    // Slots are of frames only.
    const shareOf = (tenantId: string) => (lane === 'render' ? shares.get(tenantId) : undefined) ?? EQUAL_SHARE;
    const turns = sharesOf(ofLane, usage[lane], shareOf, lane === 'render' ? loads : NO_LOADS);
    if (!desks.areClosed) pickLane(desks, turns, bounds, picks, most);
  }
  return picks;
}

const LANES = ['import', 'film', 'render'] as const satisfies readonly Lane[];

function sharesOf(
  candidates: Candidate[],
  usage: Usage,
  shareOf: (tenantId: string) => TenantShare,
  loads: InnerLoads,
): readonly Share<Candidate>[] {
  const shares = new Map<string, Share<Candidate>>();
  for (const candidate of candidates.sort(byUrgency)) {
    const { tenantId } = candidate;
    const share = shares.get(tenantId) ?? new Share(tenantId, shareOf(tenantId), usage.get(tenantId) ?? 0, loads);
    shares.set(tenantId, share);
    share.add(candidate);
  }
  return [...shares.values()];
}

/** Adds to `picks`. */
function pickLane(
  desks: OpenDesks,
  shares: readonly Share<Candidate>[],
  bounds: Bounds | undefined,
  picks: Pick[],
  most: number,
): void {
  const classes = new ClassChoice();
  while (picks.length < most) {
    const share = next(shares);
    const candidate = share?.head;
    if (!share || !candidate) return;
    const wanted = 'jobClass' in candidate ? classes.wanted(candidate, share.taken) : ANY_CLASS;
    const bounded = bounds && 'terms' in candidate ? candidate : null;
    if (bounded && bounds?.isFull(bounded)) {
      // It keeps no worker from others: there is nothing that it waits for there.
      share.skip();
      continue;
    }
    const mayGo = bounded && bounds?.isPerHost(bounded) ? notFullAt(bounds, bounded) : null;
    const desk = desks.choose(candidate, wanted, mayGo);
    if (!desk) {
      if (desks.areClosed) return;
      share.skip();
      continue;
    }
    picks.push(toPick(desk, candidate, share.taken));
    if ('jobClass' in candidate) classes.settle(candidate, share.taken, desk.worker.adapterClass);
    desk.take(candidate);
    if (bounded) bounds?.take(bounded, hostOf(desk.worker));
    share.take();
  }
}

const notFullAt = (bounds: Bounds, work: BoundedWork) => (desk: Desk) => !bounds.isFullAt(work, hostOf(desk.worker));

function toPick(desk: Desk, candidate: Candidate, taken: number): Pick {
  const { tenantId } = candidate;
  const workerId = desk.worker.id;
  switch (candidate.kind) {
    case 'import':
      return { workerId, tenantId, kind: 'import', taskId: candidate.taskId };
    case 'film':
      return { workerId, tenantId, kind: 'film', taskId: candidate.taskId, jobId: candidate.jobId };
    case 'task':
      return { workerId, tenantId, kind: 'task', taskId: candidate.taskId, ...toRenderPick(desk, candidate) };
    case 'cursor':
      return {
        workerId,
        tenantId,
        kind: 'cursor',
        ...toRenderPick(desk, candidate),
        priority: candidate.priority,
        layerId: candidate.layerId,
        sceneId: candidate.sceneId,
        frameTimeoutMs: candidate.frameTimeoutMs,
        isRunning: candidate.isRunning,
        division: candidate.division,
        index: candidate.next + taken,
      };
  }
}

const toRenderPick = (desk: Desk, candidate: Extract<Candidate, { kind: 'task' | 'cursor' }>): RenderPick => ({
  jobId: candidate.jobId,
  isUrgent: desk.lessUrgent(candidate) > 0,
  adapterClass: desk.worker.adapterClass,
  settlesClass: candidate.jobClass === null,
  terms: candidate.terms ?? NO_TERMS,
});
