/**
 * Whose turn it is: tenants with work take turns by what they have had and are promised; inside a tenant its users by what
 * they have had, and of one user the most urgent work, of jobs that are equally urgent that which has had least.
 */
import { DISPATCH_LIMITS } from './limits.ts';
import type { TenantShare } from './share-accounts.ts';

/** Work that waits for its turn. */
interface Turn {
  readonly kind: string;
  readonly priority: number;
  /** Priority that it has gained by waiting, until something of it is given out. @defaultValue 0 */
  readonly gained?: number;
  /** Null: nobody in particular. */
  readonly user?: string | null;
  /** Absent of imports. */
  readonly jobId?: string;
  /** Tasks that it is, one after another. @defaultValue 1 */
  readonly remaining?: number | undefined;
  /** Measured time of one of them; null while unknown. */
  readonly taskMs?: number | null;
  /** How long a slot is taken by one of them. @defaultValue `taskMs` */
  readonly slotMs?: number | null;
}

/** Slot-seconds: what users and jobs have had lately with what they hold, and what tenants hold. */
export interface InnerLoads {
  /** Absent: each delivery as one that takes long. */
  readonly heldBy?: (tenantId: string) => number;
  readonly ofUser: (key: string) => number;
  readonly ofJob: (jobId: string) => number;
}

export const NO_LOADS: InnerLoads = { ofUser: () => 0, ofJob: () => 0 };

/**
 * What a delivery under way counts, in slot-seconds: what it will take, and of a long one as if its slot was held for a while. Many
 * short ones wait at a worker for one that is drawn.
 */
export const heldSec = (taskMs: number | null = null): number =>
  Math.min(DISPATCH_LIMITS.heldSlotSec, taskMs === null ? Number.POSITIVE_INFINITY : taskMs / 1_000);

/** What users are known by. */
export const userKey = (tenantId: string, user: string | null): string => `${tenantId}/${user ?? ''}`;

/**
 * Whose turn it is among the tenants with work: of those that have fewer slots than they are promised, the one that lacks
 * most; else the one that has had least for its weight, what it holds now included.
 */
export function next<C extends Turn>(shares: Iterable<Share<C>>): Share<C> | undefined {
  let least: Share<C> | undefined;
  for (const share of shares) {
    if (!share.head || share.isFull) continue;
    if (!least || share.rank - least.rank < 0 || (share.rank === least.rank && share.load < least.load)) least = share;
  }
  return least;
}

interface Entry<C> {
  readonly work: C;
  /** Tasks that were cut from it in this pass. */
  taken: number;
}

/** What of one user waits, in the order of urgency. */
interface UserTurn<C> {
  readonly entries: Entry<C>[];
  load: number;
}

/** One tenant's work in one lane. */
export class Share<C extends Turn> {
  used: number;
  readonly #tenant: TenantShare;
  readonly #tenantId: string;
  readonly #loads: InnerLoads;
  #heldSec: number;
  readonly #users = new Map<string, UserTurn<C>>();
  /** What jobs have had, with what is given to them in this pass. */
  readonly #jobs = new Map<string, number>();
  /** Whose turn it is, until that is over. */
  #at: { readonly user: UserTurn<C>; readonly entry: Entry<C> } | null | undefined;

  constructor(tenantId: string, tenant: TenantShare, used: number, loads: InnerLoads = NO_LOADS) {
    this.#tenantId = tenantId;
    this.#tenant = tenant;
    this.used = used;
    this.#loads = loads;
    this.#heldSec = loads.heldBy?.(tenantId) ?? used * heldSec();
  }

  /** @param work that is no more urgent than what was added before. */
  add(work: C): void {
    const name = work.user ?? '';
    const known = this.#users.get(name);
    const user = known ?? { entries: [], load: this.#loads.ofUser(userKey(this.#tenantId, name)) };
    if (!known) this.#users.set(name, user);
    user.entries.push({ work, taken: 0 });
    this.#at = undefined;
  }

  /** It has all slots that it may have. */
  get isFull(): boolean {
    return this.#tenant.maxSlots !== null && this.used >= this.#tenant.maxSlots;
  }

  /** 0 to 1 of what it is promised; above that all are equal. */
  get rank(): number {
    const { minSlots } = this.#tenant;
    return minSlots > 0 ? Math.min(1, this.used / minSlots) : 1;
  }

  /** What it has had lately, and what it holds as if that went on for a while, for its weight. */
  get load(): number {
    return (this.#tenant.usedSlotSec + this.#heldSec) / this.#tenant.weight;
  }

  get head(): C | undefined {
    return this.#turn()?.entry.work;
  }

  /** Tasks that were cut from what is at the head in this pass. */
  get taken(): number {
    return this.#turn()?.entry.taken ?? 0;
  }

  take(): void {
    const turn = this.#turn();
    if (!turn) return;
    const { user, entry } = turn;
    this.used++;
    entry.taken++;
    const { jobId, remaining = 1, taskMs, slotMs = taskMs } = entry.work;
    const addedSec = heldSec(slotMs);
    this.#heldSec += addedSec;
    user.load += addedSec;
    if (jobId !== undefined) this.#jobs.set(jobId, this.#jobLoad(jobId) + addedSec);
    if (entry.taken >= remaining) this.skip();
    else this.#at = undefined;
  }

  /** What is at the head gets nothing more in this pass. */
  skip(): void {
    const turn = this.#turn();
    if (turn) turn.user.entries.splice(turn.user.entries.indexOf(turn.entry), 1);
    this.#at = undefined;
  }

  #turn(): { readonly user: UserTurn<C>; readonly entry: Entry<C> } | null {
    if (this.#at !== undefined) return this.#at;
    let least: UserTurn<C> | null = null;
    for (const user of this.#users.values()) {
      if (user.entries.length > 0 && (!least || user.load < least.load)) least = user;
    }
    const entry = least && this.#first(least.entries);
    this.#at = least && entry ? { user: least, entry } : null;
    return this.#at;
  }

  /** The most urgent; of several the one whose job has had least; of those the first. */
  #first(entries: readonly Entry<C>[]): Entry<C> | null {
    let first: Entry<C> | null = null;
    let urgency = 0;
    let load = 0;
    for (const entry of entries) {
      const itsUrgency = urgencyOf(entry);
      if (first && itsUrgency < urgency) continue;
      const itsLoad = this.#jobLoad(entry.work.jobId);
      if (first && itsUrgency === urgency && itsLoad >= load) continue;
      first = entry;
      urgency = itsUrgency;
      load = itsLoad;
    }
    return first;
  }

  #jobLoad(jobId: string | undefined): number {
    return jobId === undefined ? 0 : (this.#jobs.get(jobId) ?? this.#loads.ofJob(jobId));
  }
}

/** What was gained by waiting is spent with the first task. */
const urgencyOf = ({ work: { priority, gained = 0 }, taken }: Entry<Turn>) => priority + (taken === 0 ? gained : 0);
