/** Whose turn it is: tenants with work take turns by what they have had and are promised. */
import { DISPATCH_LIMITS } from './limits.ts';
import type { TenantShare } from './share-accounts.ts';

/** Work of a tenant that waits for its turn. */
interface Turn {
  readonly kind: string;
  /** Tasks that it is, one after another. @defaultValue 1 */
  readonly remaining?: number | undefined;
}

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

/** One tenant's work in one lane, most urgent first. */
export class Share<C extends Turn> {
  readonly queue: C[] = [];
  used: number;
  /** Tasks cut from the cursor at the head so far. */
  taken = 0;
  readonly #tenant: TenantShare;
  #at = 0;

  constructor(tenant: TenantShare, used: number) {
    this.#tenant = tenant;
    this.used = used;
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
    return (this.#tenant.usedSlotSec + this.used * DISPATCH_LIMITS.heldSlotSec) / this.#tenant.weight;
  }

  get head(): C | undefined {
    return this.queue[this.#at];
  }

  take(): void {
    this.used++;
    this.taken++;
    if (this.taken >= (this.head?.remaining ?? 1)) this.skip();
  }

  skip(): void {
    this.#at++;
    this.taken = 0;
  }
}
