/**
 * Which work goes to which worker now. Pure: the dispatcher reads the state, this decides, the dispatcher writes.
 *
 * Between tenants the one with the fewest deliveries under way comes next; inside a tenant priority, then age. A worker
 * that has the scene loaded for the tenant is preferred, then one whose browser serves the tenant, then the least busy.
 * What is more urgent does not stand behind its tenant's less urgent deliveries: they leave it their slot as soon as they may.
 */
import type { Backend, Capability, Division, Engine, FilmMaker, TaskKind } from '@kiln/shared';
import { covers } from '../jobs/compile.ts';
import { ClassChoice, type WorkClasses } from './class-choice.ts';
import { DISPATCH_LIMITS } from './limits.ts';
import { EQUAL_SHARE, type TenantShare } from './share-book.ts';
import { next, Share } from './turns.ts';

export type Lane = 'render' | 'import' | 'film';

export const laneOf = (kind: TaskKind): Lane => (kind === 'import' || kind === 'film' ? kind : 'render');

/** Work that waits: one task, or the unreleased rest of a layer, from which tasks are cut as they are picked. */
export type Candidate = {
  readonly tenantId: string;
  readonly sceneHash: string;
  /** Larger goes first. */
  readonly priority: number;
  /** Unix milliseconds; older goes first. */
  readonly createdAtMs: number;
  /** Position of the layer in its job. */
  readonly position: number;
} & (
  | { readonly kind: 'import'; readonly taskId: string }
  | { readonly kind: 'film'; readonly taskId: string; readonly jobId: string; readonly maker: FilmMaker }
  | ({
      readonly kind: 'task';
      readonly taskId: string;
      readonly index: number;
      /** Of the frame that it is a part of; null of whole frames, and of tasks that make frames of parts. */
      readonly division: Division | null;
      /** Workers at which it failed: it goes there only when no other can do it. */
      readonly failedAt: readonly string[];
    } & RenderWork)
  | ({
      readonly kind: 'cursor';
      readonly sceneId: string;
      readonly frameTimeoutMs: number;
      /** The job has begun: giving out more of it changes nothing but its cursor. */
      readonly isRunning: boolean;
      readonly division: Division | null;
      readonly next: number;
      readonly remaining: number;
    } & RenderWork)
);

interface RenderWork extends WorkClasses {
  readonly jobId: string;
  readonly layerId: string;
  readonly engine: Engine;
  readonly backend: Backend | 'auto';
  /** Measured time of a task of this layer in milliseconds; null while unknown. */
  readonly taskMs: number | null;
}

export interface PickWorker {
  readonly id: string;
  readonly slots: number;
  readonly abilities: readonly Capability[];
  readonly adapterClass: string;
  /** It does what no other can do. @defaultValue false */
  readonly isAvoided?: boolean;
  /** `TENANT/SCENEHASH` of what is loaded. */
  readonly loaded: ReadonlySet<string>;
  /** Tenants that have a browser. */
  readonly tenants: ReadonlySet<string>;
  /** Deliveries of frames under way. */
  readonly rendering: number;
  /** The same by tenant and priority; null of a worker that takes them in the order of coming only. */
  readonly renderingBy: readonly RenderingShare[] | null;
  /** Tenants of the imports under way. */
  readonly importing: ReadonlySet<string>;
  readonly filmMakers: readonly FilmMaker[];
  /** Films under way. */
  readonly filming: number;
  /** What the frames under way take together, in milliseconds; null when that is not known of each. */
  readonly queuedMs: number | null;
}

export interface RenderingShare {
  readonly tenantId: string;
  readonly priority: number;
  readonly n: number;
}

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
}

/** Deliveries under way of one tenant, by lane. */
type Usage = ReadonlyMap<string, number>;

export interface PickInput {
  readonly workers: readonly PickWorker[];
  readonly candidates: readonly Candidate[];
  readonly usage: Readonly<Record<Lane, Usage>>;
  /** Of tenants with work. @defaultValue equal shares */
  readonly shares?: ReadonlyMap<string, TenantShare>;
}

export const loadedKey = (tenantId: string, sceneHash: string) => `${tenantId}/${sceneHash}`;

export function pick({ workers, candidates, usage, shares = new Map() }: PickInput): Pick[] {
  const desks = workers.map((worker) => new Desk(worker));
  const of = (lane: Lane) => candidates.filter((candidate) => laneOfCandidate(candidate) === lane);
  return LANES.flatMap((lane) => {
    // Slots are of frames only.
    const shareOf = (tenantId: string) => (lane === 'render' ? shares.get(tenantId) : undefined) ?? EQUAL_SHARE;
    return pickLane(desks, of(lane), usage[lane], shareOf);
  });
}

const LANES = ['import', 'film', 'render'] as const satisfies readonly Lane[];

const laneOfCandidate = ({ kind }: Candidate): Lane => (kind === 'import' || kind === 'film' ? kind : 'render');

function pickLane(
  desks: readonly Desk[],
  candidates: readonly Candidate[],
  usage: Usage,
  shareOf: (tenantId: string) => TenantShare,
): Pick[] {
  const shares = new Map<string, Share<Candidate>>();
  for (const candidate of [...candidates].sort(byUrgency)) {
    const { tenantId } = candidate;
    const share = shares.get(tenantId) ?? new Share(shareOf(tenantId), usage.get(tenantId) ?? 0);
    shares.set(tenantId, share);
    share.queue.push(candidate);
  }
  for (const desk of desks) desk.isReserved = false;
  const classes = new ClassChoice();
  const picks: Pick[] = [];
  for (;;) {
    const share = next(shares.values());
    if (!share) return picks;
    const candidate = share.head;
    if (!candidate) continue;
    const wanted = wantedClass(classes, candidate, share.taken);
    const suited = suitedTo(candidate, desks, wanted);
    const desk = chooseDesk(suited, candidate, wanted);
    if (!desk) {
      // Those that could do it are full: nobody whose turn is later may queue up there, or this one waits for ever.
      for (const able of suited) if (able.can(candidate, wanted)) able.isReserved = true;
      share.skip();
      continue;
    }
    picks.push(toPick(desk, candidate, share.taken));
    if ('jobClass' in candidate) classes.settle(candidate, share.taken, desk.worker.adapterClass);
    desk.take(candidate);
    share.take();
  }
}

interface WantedClass {
  readonly required: string | null;
  readonly preferred: string | null;
}

const wantedClass = (classes: ClassChoice, candidate: Candidate, taken: number): WantedClass =>
  'jobClass' in candidate
    ? { required: classes.required(candidate, taken), preferred: classes.preferred(candidate) }
    : { required: null, preferred: null };

function byUrgency(a: Candidate, b: Candidate): number {
  return b.priority - a.priority || a.createdAtMs - b.createdAtMs || a.position - b.position || rank(a) - rank(b);
}

/** Tasks that came back go before those that were never tried. */
const rank = (candidate: Candidate) =>
  candidate.kind === 'cursor' ? Number.MAX_SAFE_INTEGER : 'index' in candidate ? candidate.index : 0;

/** A worker as it fills up during one pick. */
class Desk {
  readonly worker: PickWorker;
  rendering: number;
  filming: number;
  readonly importing: Set<string>;
  queuedMs: number | null;
  /** Takes nothing more of this lane in this pass. */
  isReserved = false;

  constructor(worker: PickWorker) {
    this.worker = worker;
    this.rendering = worker.rendering;
    this.filming = worker.filming;
    this.importing = new Set(worker.importing);
    this.queuedMs = worker.queuedMs;
  }

  take(candidate: Candidate): void {
    if (candidate.kind === 'import') {
      this.importing.add(candidate.tenantId);
      return;
    }
    if (candidate.kind === 'film') {
      this.filming++;
      return;
    }
    this.rendering++;
    this.queuedMs = this.queuedMs === null || candidate.taskMs === null ? null : this.queuedMs + candidate.taskMs;
  }

  can(candidate: Candidate, { required }: WantedClass): boolean {
    if (candidate.kind === 'import') return !this.importing.has(candidate.tenantId);
    if (candidate.kind === 'film') return this.worker.filmMakers.includes(candidate.maker);
    if (required !== null && required !== this.worker.adapterClass) return false;
    const { engine, backend } = candidate;
    return this.worker.abilities.some((ability) => ability.engine === engine && covers(ability.backend, backend));
  }

  /** Deliveries under way that leave their slot to this one. */
  lessUrgent({ tenantId, priority }: Candidate): number {
    const shares = this.worker.renderingBy ?? [];
    return shares.reduce((sum, share) => {
      const givesWay = share.tenantId === tenantId && share.priority < priority;
      return givesWay ? sum + share.n : sum;
    }, 0);
  }

  /** Room among the deliveries that the worker begins at once. */
  hasActiveRoom(candidate: Candidate): boolean {
    if (candidate.kind === 'import') return this.importing.size < DISPATCH_LIMITS.importsPerWorker;
    if (candidate.kind === 'film') return this.filming < DISPATCH_LIMITS.filmsPerWorker;
    return this.rendering < this.worker.slots * DISPATCH_LIMITS.pipelinedPerSlot;
  }

  /** Room in its queue: one delivery ahead of each slot; deeper while all that waits there is shorter than a round trip. */
  hasRoom(candidate: Candidate): boolean {
    if (candidate.kind === 'import' || candidate.kind === 'film') return this.hasActiveRoom(candidate);
    const { slots } = this.worker;
    if (this.rendering >= slots * DISPATCH_LIMITS.deliveriesPerSlot) return false;
    const before = this.rendering - this.lessUrgent(candidate);
    if (before < slots * (DISPATCH_LIMITS.pipelinedPerSlot + 1)) return true;
    if (this.queuedMs === null || candidate.taskMs === null) return false;
    return this.queuedMs + candidate.taskMs <= slots * DISPATCH_LIMITS.queuedAheadMs;
  }
}

/** Lower is better; null: it cannot take this now. */
function cost(desk: Desk, candidate: Candidate, wanted: WantedClass): number | null {
  if (desk.isReserved || !desk.can(candidate, wanted) || !desk.hasRoom(candidate)) return null;
  const { worker } = desk;
  const loaded = worker.loaded.has(loadedKey(candidate.tenantId, candidate.sceneHash));
  const known = worker.tenants.has(candidate.tenantId);
  const load = loadOf(desk, candidate);
  const place = desk.hasActiveRoom(candidate) ? 0 : 4;
  const needsNoScene = candidate.kind === 'import' || candidate.kind === 'film';
  const fit = needsNoScene || loaded ? 0 : known ? 1 : 2;
  // A slot that is free is better than one that becomes so, even where the scene is to be loaded first.
  const wait = desk.rendering >= worker.slots && desk.lessUrgent(candidate) > 0 ? 3 : 0;
  // Another class only where that of the frames before has no slot free.
  const other = wanted.preferred === null || wanted.preferred === worker.adapterClass ? 0 : 3;
  return (place + fit + wait + other) * 1_000 + load;
}

function loadOf(desk: Desk, { kind }: Candidate): number {
  if (kind === 'import') return desk.importing.size;
  return kind === 'film' ? desk.filming : desk.rendering / desk.worker.slots;
}

/** Desks of workers that are to be used and at which it has not failed yet; others only when none of those could do it. */
function suitedTo(candidate: Candidate, desks: readonly Desk[], wanted: WantedClass): readonly Desk[] {
  const failedAt = candidate.kind === 'task' ? candidate.failedAt : [];
  const good = desks.filter(({ worker: { id, isAvoided } }) => !isAvoided && !failedAt.includes(id));
  if (good.length === desks.length) return desks;
  return good.some((desk) => desk.can(candidate, wanted)) ? good : desks;
}

function chooseDesk(desks: readonly Desk[], candidate: Candidate, wanted: WantedClass): Desk | undefined {
  let best: Desk | undefined;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const desk of desks) {
    const price = cost(desk, candidate, wanted);
    if (price !== null && price < bestCost) {
      best = desk;
      bestCost = price;
    }
  }
  return best;
}

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
});
