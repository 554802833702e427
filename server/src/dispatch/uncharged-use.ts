/**
 * Deliveries that ended since the book was read: neither are they under way, nor is charged what slots worked on them. Between
 * two readings short tasks come and go by the hundred, and without these one tenant would have all slots meanwhile. Pure.
 */

/** Whose a job is. */
export interface JobOwner {
  readonly tenantId: string;
  /** Null: nobody in particular. */
  readonly user: string | null;
}

/** Deliveries of one job. */
export interface JobDeliveries extends JobOwner {
  readonly n: number;
}

interface Entry extends JobOwner {
  underWay: number;
  ended: number;
}

export class UnchargedUse {
  readonly #entries = new Map<string, Entry>();

  /** Deliveries of a job were given out. */
  given(jobId: string, { tenantId, user, n }: JobDeliveries): void {
    this.#entry(jobId, { tenantId, user }).underWay += n;
  }

  /** @param underWay deliveries by job, all that there are now. */
  look(underWay: ReadonlyMap<string, JobDeliveries>): void {
    for (const [jobId, owner] of underWay) this.#entry(jobId, owner);
    for (const [jobId, entry] of this.#entries) {
      const n = underWay.get(jobId)?.n ?? 0;
      entry.ended += Math.max(0, entry.underWay - n);
      entry.underWay = n;
    }
  }

  /** What has ended is in the book. */
  charged(): void {
    for (const [jobId, entry] of this.#entries) {
      entry.ended = 0;
      if (entry.underWay === 0) this.#entries.delete(jobId);
    }
  }

  forget(): void {
    this.#entries.clear();
  }

  /** Deliveries that have ended, by job. */
  *ended(): Generator<readonly [jobId: string, JobDeliveries]> {
    for (const [jobId, { tenantId, user, ended: n }] of this.#entries) if (n > 0) yield [jobId, { tenantId, user, n }];
  }

  #entry(jobId: string, { tenantId, user }: JobOwner): Entry {
    const known = this.#entries.get(jobId);
    if (known) return known;
    const entry = { tenantId, user, underWay: 0, ended: 0 };
    this.#entries.set(jobId, entry);
    return entry;
  }
}
