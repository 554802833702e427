/** A worker as a pass of the dispatcher sees it, and as it fills up during the pass. */
import { type Capability, type FilmMaker, isAmple, meets, type WorkerFacts } from '@kiln/shared';
import { covers } from '../jobs/compile.ts';
import { type Candidate, type Lane, laneOf, needsScene } from './candidate.ts';
import type { WantedClass } from './class-choice.ts';
import { DISPATCH_LIMITS } from './limits.ts';

export interface PickWorker {
  readonly id: string;
  /** Machine that it runs on. @defaultValue its id */
  readonly host?: string;
  readonly slots: number;
  readonly abilities: readonly Capability[];
  readonly adapterClass: string;
  /** @defaultValue nothing is known of it */
  readonly facts?: WorkerFacts;
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

export const hostOf = ({ host, id }: Pick<PickWorker, 'host' | 'id'>): string => host ?? id;

export const loadedKey = (tenantId: string, sceneHash: string) => `${tenantId}/${sceneHash}`;

/** How full a worker is. */
type Filling = Pick<PickWorker, 'rendering' | 'filming' | 'importing' | 'queuedMs'>;

/** Whether it has room for anything that does not make others give way. */
export function isOpen(
  lane: Lane,
  { slots }: PickWorker,
  { rendering, filming, importing, queuedMs }: Filling,
): boolean {
  if (lane === 'import') return importing.size < DISPATCH_LIMITS.importsPerWorker;
  if (lane === 'film') return filming < DISPATCH_LIMITS.filmsPerWorker;
  if (rendering >= slots * DISPATCH_LIMITS.deliveriesPerSlot) return false;
  if (rendering < slots * (DISPATCH_LIMITS.pipelinedPerSlot + 1)) return true;
  return queuedMs !== null && queuedMs <= slots * DISPATCH_LIMITS.queuedAheadMs;
}

const NO_FACTS: WorkerFacts = {};

/** Prices are thousands for how well it suits, and what is under way on a slot, which is always less. */
const PER_STEP = 1_000;
/** Only in the queue. */
const QUEUED = 4 * PER_STEP;
/** Only when a less urgent delivery gives way. */
const GIVES_WAY = 3 * PER_STEP;
/** Of another adapter class than the frames before. */
const OTHER_CLASS = 3 * PER_STEP;

export class Desk implements Filling {
  readonly worker: PickWorker;
  /** Its place among all: of two that are equally good the first is taken. */
  readonly at: number;
  rendering: number;
  filming: number;
  importing: ReadonlySet<string>;
  queuedMs: number | null;
  /** Kept for others in this pass. */
  isReserved = false;
  /** Reservations that were looked at for that. */
  judged = 0;

  constructor(worker: PickWorker, at: number) {
    this.worker = worker;
    this.at = at;
    this.rendering = worker.rendering;
    this.filming = worker.filming;
    this.importing = worker.importing;
    this.queuedMs = worker.queuedMs;
  }

  take(candidate: Candidate): void {
    if (candidate.kind === 'import') {
      this.importing = new Set([...this.importing, candidate.tenantId]);
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
    const { facts = NO_FACTS } = this.worker;
    if (candidate.requires && !meets(facts, candidate.requires)) return false;
    if (candidate.sceneNeeds && !isAmple(facts, candidate.sceneNeeds)) return false;
    const { engine, backend } = candidate;
    return this.worker.abilities.some((ability) => ability.engine === engine && covers(ability.backend, backend));
  }

  /** Deliveries under way that leave their slot to this one. */
  lessUrgent({ tenantId, priority }: { readonly tenantId: string; readonly priority: number }): number {
    let sum = 0;
    for (const share of this.worker.renderingBy ?? []) {
      if (share.tenantId === tenantId && share.priority < priority) sum += share.n;
    }
    return sum;
  }

  /** Deliveries under way, of frames on each slot. */
  load(lane: Lane): number {
    if (lane === 'import') return this.importing.size;
    return lane === 'film' ? this.filming : this.rendering / this.worker.slots;
  }

  /** 0: the tenant has the scene loaded; 1: it has a browser; 2: neither. */
  fit(candidate: Candidate): 0 | 1 | 2 {
    if (!needsScene(candidate)) return 0;
    const { tenantId, sceneHash } = candidate;
    if (this.worker.loaded.has(loadedKey(tenantId, sceneHash))) return 0;
    return this.worker.tenants.has(tenantId) ? 1 : 2;
  }

  /** Lower is better; null: it cannot take this now. In the course of a pass it only rises. */
  price(candidate: Candidate, wanted: WantedClass): number | null {
    if (!this.can(candidate, wanted) || !this.#hasRoom(candidate)) return null;
    const lane = laneOf(candidate.kind);
    // A slot that is free is better than one that becomes so, even where the scene is to be loaded first.
    const isFull = this.rendering >= this.worker.slots && this.lessUrgent(candidate) > 0;
    const isOther = wanted.preferred !== null && wanted.preferred !== this.worker.adapterClass;
    return leastPrice(lane, this.fit(candidate), this.load(lane), isFull, isOther);
  }

  /** Room in its queue: one delivery ahead of each slot; deeper while all that waits there is shorter than a round trip. */
  #hasRoom(candidate: Candidate): boolean {
    if (candidate.kind === 'import' || candidate.kind === 'film') return isOpen(candidate.kind, this.worker, this);
    const { slots } = this.worker;
    if (this.rendering >= slots * DISPATCH_LIMITS.deliveriesPerSlot) return false;
    const before = this.rendering - this.lessUrgent(candidate);
    if (before < slots * (DISPATCH_LIMITS.pipelinedPerSlot + 1)) return true;
    if (this.queuedMs === null || candidate.taskMs === null) return false;
    return this.queuedMs + candidate.taskMs <= slots * DISPATCH_LIMITS.queuedAheadMs;
  }
}

/** What a desk of this fit and load asks at least. */
export function leastPrice(lane: Lane, fit: number, load: number, givesWay: boolean, isOtherClass: boolean): number {
  // Its slots do not begin it at once.
  const isQueued = lane === 'render' && load >= DISPATCH_LIMITS.pipelinedPerSlot;
  // Another class only where that of the frames before has no slot free.
  return (
    fit * PER_STEP + (isQueued ? QUEUED : 0) + (givesWay ? GIVES_WAY : 0) + (isOtherClass ? OTHER_CLASS : 0) + load
  );
}
