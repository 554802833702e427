/**
 * Workers with room in one lane, found without looking at each: in a farm of ten thousand few are free. It rests on one thing:
 * in the course of a pass workers only get fuller. So prices only rise, and who has no room for something gets none.
 */
import { type Candidate, type Lane, needsScene } from './candidate.ts';
import { ANY_CLASS, type WantedClass } from './class-choice.ts';
import { Desk, isOpen, leastPrice, loadedKey, type PickWorker } from './desk.ts';
import { Heap } from './heap.ts';
import { DISPATCH_LIMITS } from './limits.ts';
import { WorkerSizes } from './worker-sizes.ts';

/** Which desks work may go to; null: any that can do it. */
type Suits = ((desk: Desk) => boolean) | null;

const both = (a: Suits, b: Suits): Suits => (a && b ? (desk) => a(desk) && b(desk) : (a ?? b));

interface Offer {
  readonly desk: Desk;
  readonly price: number;
}

/** Desks of one adapter class that can do some work, the least busy first. */
interface DeskList {
  readonly adapterClass: string;
  /** 0 to 2, of each at least. */
  readonly fit: number;
  /** Less urgent deliveries give way there. */
  readonly givesWay: boolean;
  readonly heap: Heap<ListedDesk>;
}

interface ListedDesk {
  readonly desk: Desk;
  /** By which it has its place. */
  load: number;
}

/** As in `PickInput`. */
interface Workers {
  readonly workers: readonly PickWorker[];
  readonly ofNote?: readonly number[] | undefined;
  readonly leastPriority?: number | undefined;
}

/** What a desk asks at least that has room only because others give way. */
const LEAST_OF_GIVING = leastPrice('render', 0, DISPATCH_LIMITS.pipelinedPerSlot + 1, true, false);

const isBetter = (price: number, { at }: Desk, than: Offer) =>
  price < than.price || (price === than.price && at < than.desk.at);

const isBefore = (a: ListedDesk, b: ListedDesk) => a.load < b.load || (a.load === b.load && a.desk.at < b.desk.at);

export class OpenDesks {
  readonly #lane: Lane;
  readonly #workers: readonly PickWorker[];
  readonly #hasAvoided: boolean;
  readonly #ofNote: readonly number[];
  readonly #leastPriority: number;
  readonly #desks = new Map<number, Desk>();
  readonly #open: readonly Desk[];
  /** Priority of the most urgent work of each tenant. */
  readonly #urgency = new Map<string, number>();
  #giving: readonly Desk[] | null = null;
  /** Of those, how many have been found to take nothing more. */
  #closed = 0;
  #places: Places | null = null;
  readonly #lists = new Map<string, readonly DeskList[]>();
  /** Whose turn came, and found those that could do it full: they are kept for it. */
  readonly #reserved = new Set<string>();
  #sizes: WorkerSizes | null = null;
  /** Whether a worker has what a scene takes, by what else it must be able to do. */
  readonly #ample = new Map<string, boolean>();
  readonly #reservations: ((desk: Desk) => boolean)[] = [];

  constructor(
    lane: Lane,
    { workers, ofNote = [...workers.keys()], leastPriority = Number.NEGATIVE_INFINITY }: Workers,
    candidates: readonly Candidate[],
  ) {
    this.#lane = lane;
    this.#workers = workers;
    this.#ofNote = ofNote;
    this.#leastPriority = leastPriority;
    let hasAvoided = false;
    const open: Desk[] = [];
    for (const at of ofNote) {
      const worker = workers[at];
      if (!worker) continue;
      if (worker.isAvoided) hasAvoided = true;
      if (isOpen(lane, worker, worker)) open.push(this.#desk(worker, at));
    }
    this.#hasAvoided = hasAvoided;
    this.#open = open;
    for (const { tenantId, priority } of candidates) {
      this.#urgency.set(tenantId, Math.max(priority, this.#urgency.get(tenantId) ?? priority));
    }
  }

  /** Nobody takes anything more in this pass. */
  get areClosed(): boolean {
    const open = this.#open;
    while (this.#closed < open.length && this.#isClosed(open[this.#closed], false)) this.#closed++;
    if (this.#closed < open.length) return false;
    const giving = this.#thatGiveWay();
    const all = open.length + giving.length;
    while (this.#closed < all && this.#isClosed(giving[this.#closed - open.length], true)) this.#closed++;
    return this.#closed === all;
  }

  /**
   * @param mayGo where it has not as much under way as it may have there; what it once may not it never may in this pass.
   * @returns the desk that asks least. Null: those that could do it are full, and nobody whose turn is later may queue up
   *   there, or this one waits for ever.
   */
  choose(asked: Candidate, wanted: WantedClass, mayGo: Suits = null): Desk | null {
    const candidate = this.#whereItFits(asked, wanted);
    const suits = both(this.#suitedTo(candidate, wanted), mayGo);
    let best: Offer | null = null;
    for (const list of this.#listsOf(candidate)) best = this.#search(list, best, candidate, wanted, suits);
    if (this.#lane === 'render' && (best === null || best.price >= LEAST_OF_GIVING) && this.#thatGiveWay().length > 0) {
      for (const list of this.#givingListsOf(candidate)) best = this.#search(list, best, candidate, wanted, suits);
    }
    if (best) return best.desk;
    this.#reserve(candidate, wanted, suits, mayGo);
    return null;
  }

  /** What its scene takes binds where some worker has it; where none has, others draw it. */
  #whereItFits(candidate: Candidate, wanted: WantedClass): Candidate {
    if (!('sceneNeeds' in candidate) || !candidate.sceneNeeds) return candidate;
    this.#sizes ??= new WorkerSizes(this.#workers.map(({ facts = {} }) => facts));
    const sceneNeeds = this.#sizes.alike(candidate.sceneNeeds);
    const fitting = { ...candidate, sceneNeeds };
    if (sceneNeeds === null) return fitting;
    const key = [needOf(fitting), wanted.required ?? ''].join(' ');
    const known = this.#ample.get(key);
    const some =
      known ?? this.#workers.some((worker, at) => !worker.isAvoided && this.#desk(worker, at).can(fitting, wanted));
    this.#ample.set(key, some);
    return some ? fitting : { ...candidate, sceneNeeds: null };
  }

  /** @returns the better of `best` and the best of the list. */
  #search(list: DeskList, best: Offer | null, candidate: Candidate, wanted: WantedClass, suits: Suits): Offer | null {
    const { adapterClass, fit, givesWay, heap } = list;
    if (wanted.required !== null && wanted.required !== adapterClass) return best;
    const isOther = wanted.preferred !== null && wanted.preferred !== adapterClass;
    let found = best;
    /** Of no use to this one, but perhaps to others. */
    const aside: ListedDesk[] = [];
    for (let first = heap.top; first; first = heap.top) {
      const { desk } = first;
      const load = desk.load(this.#lane);
      if (load > first.load) {
        first.load = load;
        heap.settleTop();
        continue;
      }
      if (this.#isClosed(desk, givesWay)) {
        heap.pop();
        continue;
      }
      const least = leastPrice(this.#lane, fit, load, givesWay && load >= 1, isOther);
      if (found && !isBetter(least, desk, found)) break;
      const price = suits === null || suits(desk) ? desk.price(candidate, wanted) : null;
      if (price !== null && (!found || isBetter(price, desk, found))) found = { desk, price };
      if (price !== null && price <= least) break;
      aside.push(first);
      heap.pop();
    }
    for (const listed of aside) heap.push(listed);
    return found;
  }

  /** Those that have the scene, those that know the tenant, and all: a desk may be in several. */
  #listsOf(candidate: Candidate): readonly DeskList[] {
    const need = needOf(candidate);
    if (!needsScene(candidate)) return this.#remembered(need, () => this.#toLists(this.#open, candidate, 0));
    const { tenantId } = candidate;
    const scene = loadedKey(tenantId, candidate.sceneHash);
    return this.#remembered(`${need} ${scene}`, () => {
      this.#places ??= placesOf(this.#open);
      const { scenes, tenants } = this.#places;
      return [
        ...this.#toLists(scenes.get(scene) ?? [], candidate, 0),
        ...this.#remembered(`${need} of ${tenantId}`, () => this.#toLists(tenants.get(tenantId) ?? [], candidate, 1)),
        ...this.#remembered(need, () => this.#toLists(this.#open, candidate, 2)),
      ];
    });
  }

  #givingListsOf(candidate: Candidate): readonly DeskList[] {
    const { tenantId, priority, sceneHash } = candidate;
    return this.#remembered(`${needOf(candidate)} ${loadedKey(tenantId, sceneHash)} gives way`, () => {
      const most = { tenantId, priority: this.#urgency.get(tenantId) ?? priority };
      const giving = this.#thatGiveWay().filter((desk) => desk.lessUrgent(most) > 0);
      return [0, 1, 2].flatMap((fit) => {
        const alike = giving.filter((desk) => desk.fit(candidate) === fit);
        return this.#toLists(alike, candidate, fit, true);
      });
    });
  }

  #remembered(key: string, make: () => readonly DeskList[]): readonly DeskList[] {
    const lists = this.#lists.get(key) ?? make();
    this.#lists.set(key, lists);
    return lists;
  }

  /** @param fit of the desks at least. */
  #toLists(desks: readonly Desk[], candidate: Candidate, fit: number, givesWay = false): DeskList[] {
    const byClass = new Map<string, ListedDesk[]>();
    for (const desk of desks) {
      // Abilities do not change in the course of a pass; whose imports are under way does.
      if (this.#lane !== 'import' && !desk.can(candidate, ANY_CLASS)) continue;
      const { adapterClass } = desk.worker;
      const listed = byClass.get(adapterClass) ?? [];
      byClass.set(adapterClass, listed);
      listed.push({ desk, load: desk.load(this.#lane) });
    }
    return [...byClass].map(([adapterClass, listed]) => ({
      adapterClass,
      fit,
      givesWay,
      heap: new Heap(isBefore, listed),
    }));
  }

  #thatGiveWay(): readonly Desk[] {
    if (this.#giving) return this.#giving;
    const giving: Desk[] = [];
    const most = Math.max(...this.#urgency.values());
    for (const at of this.#lane === 'render' && most > this.#leastPriority ? this.#ofNote : []) {
      const worker = this.#workers[at];
      if (worker && this.#givesWay(worker, most)) giving.push(this.#desk(worker, at));
    }
    this.#giving = giving;
    return giving;
  }

  /** @param most priority of all that waits. */
  #givesWay({ renderingBy }: PickWorker, most: number): boolean {
    for (const { tenantId, priority } of renderingBy ?? []) {
      if (priority < most && priority < (this.#urgency.get(tenantId) ?? priority)) return true;
    }
    return false;
  }

  /** Workers that are to be used and at which it has not failed yet; others only when none of those could do it. */
  #suitedTo(candidate: Candidate, wanted: WantedClass): Suits {
    const failedAt = candidate.kind === 'task' ? candidate.failedAt : [];
    if (failedAt.length === 0 && !this.#hasAvoided) return null;
    const isGood = ({ id, isAvoided }: PickWorker) => !isAvoided && !failedAt.includes(id);
    const some = this.#workers.some((worker, at) => isGood(worker) && this.#desk(worker, at).can(candidate, wanted));
    return some ? ({ worker }) => isGood(worker) : null;
  }

  #reserve(candidate: Candidate, wanted: WantedClass, suits: Suits, mayGo: Suits): void {
    const whose =
      candidate.kind === 'import' ? candidate.tenantId : mayGo && 'layerId' in candidate ? candidate.layerId : '';
    const notAt = suits && candidate.kind === 'task' ? candidate.failedAt.join() : '';
    const key = [needOf(candidate), whose, wanted.required ?? '', suits ? 'some' : 'all', notAt].join(' ');
    if (this.#reserved.has(key)) return;
    this.#reserved.add(key);
    this.#reservations.push((desk) => (suits === null || suits(desk)) && desk.can(candidate, wanted));
  }

  #isClosed(desk: Desk | undefined, givesWay: boolean): boolean {
    if (!desk) return true;
    const isFull = givesWay
      ? desk.rendering >= desk.worker.slots * DISPATCH_LIMITS.deliveriesPerSlot
      : !isOpen(this.#lane, desk.worker, desk);
    return isFull || this.#isReserved(desk);
  }

  #isReserved(desk: Desk): boolean {
    for (; !desk.isReserved && desk.judged < this.#reservations.length; desk.judged++) {
      desk.isReserved = this.#reservations[desk.judged]?.(desk) ?? false;
    }
    return desk.isReserved;
  }

  #desk(worker: PickWorker, at: number): Desk {
    const desk = this.#desks.get(at) ?? new Desk(worker, at);
    this.#desks.set(at, desk);
    return desk;
  }
}

interface Places {
  readonly scenes: ReadonlyMap<string, readonly Desk[]>;
  readonly tenants: ReadonlyMap<string, readonly Desk[]>;
}

/** Where scenes are loaded and tenants have browsers. */
function placesOf(desks: readonly Desk[]): Places {
  const scenes = new Map<string, Desk[]>();
  const tenants = new Map<string, Desk[]>();
  const add = (places: Map<string, Desk[]>, key: string, desk: Desk) => {
    const known = places.get(key);
    if (known) known.push(desk);
    else places.set(key, [desk]);
  };
  for (const desk of desks) {
    for (const scene of desk.worker.loaded) add(scenes, scene, desk);
    for (const tenantId of desk.worker.tenants) add(tenants, tenantId, desk);
  }
  return { scenes, tenants };
}

/** What a worker must be able to do, as text. */
function needOf(candidate: Candidate): string {
  if (candidate.kind === 'import') return candidate.kind;
  if (candidate.kind === 'film') return candidate.maker;
  const { engine, backend, requires, sceneNeeds } = candidate;
  const more = [requires, sceneNeeds].flatMap((need) => (need ? JSON.stringify(need) : []));
  return [engine, backend, ...more].join(' ');
}
