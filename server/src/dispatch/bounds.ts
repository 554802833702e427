/**
 * What bounds work beside its tenant's slots: limits that the operator names, and what its job allows of itself. Counted are
 * leases, which only the leader gives: what it read before a pass can but become less.
 */

/** What a job and its layer ask for; of this version of the job. */
export interface WorkTerms {
  /** Goes up with each change of them. */
  readonly version: number;
  /** Names of limits. */
  readonly limits: readonly string[];
  /** Tasks of the job under way at once; null: as it comes. */
  readonly maxSlots: number | null;
  /** The same on one machine. */
  readonly maxPerHost: number | null;
}

export const NO_TERMS: WorkTerms = { version: 0, limits: [], maxSlots: null, maxPerHost: null };

export const hasBounds = ({ limits, maxSlots, maxPerHost }: WorkTerms): boolean =>
  limits.length > 0 || maxSlots !== null || maxPerHost !== null;

/** What counts for a limit. */
export interface BoundedWork {
  readonly tenantId: string;
  readonly jobId: string;
  readonly terms?: WorkTerms;
}

export interface LimitSetting {
  /** Null: of the whole farm. */
  readonly tenantId: string | null;
  readonly name: string;
  readonly max: number | null;
  readonly maxPerHost: number | null;
}

/** Leases. */
export interface HeldRow {
  readonly tenantId: string;
  readonly jobId: string;
  /** Machine of their worker. */
  readonly host: string;
  /** As they were when the lease was given; null: none. */
  readonly limits: readonly string[] | null;
  readonly n: number;
}

interface Cap {
  readonly key: string;
  readonly max: number | null;
  readonly maxPerHost: number | null;
}

/** That of the tenant where it has one, else the farm's. */
export class LimitSettings {
  readonly #byKey: ReadonlyMap<string, LimitSetting>;

  constructor(settings: readonly LimitSetting[]) {
    this.#byKey = new Map(settings.map((setting) => [keyOf(setting.tenantId, setting.name), setting]));
  }

  find(tenantId: string, name: string): LimitSetting | undefined {
    return this.#byKey.get(keyOf(tenantId, name)) ?? this.#byKey.get(keyOf(null, name));
  }
}

const keyOf = (tenantId: string | null, name: string) => `limit ${tenantId ?? ''}/${name}`;

/** Leases as they are counted while one pass gives out work. */
export class Bounds {
  readonly #settings: LimitSettings;
  readonly #held = new Map<string, number>();
  readonly #caps = new WeakMap<WorkTerms, readonly Cap[]>();

  constructor(settings: readonly LimitSetting[], held: readonly HeldRow[]) {
    this.#settings = new LimitSettings(settings);
    for (const { tenantId, jobId, host, limits, n } of held) {
      this.#add(jobKey(jobId), host, n);
      for (const name of limits ?? []) {
        const setting = this.#settings.find(tenantId, name);
        if (setting) this.#add(keyOf(setting.tenantId, name), host, n);
      }
    }
  }

  /** Nothing more of it is begun, wherever. */
  isFull(work: BoundedWork): boolean {
    return this.#capsOf(work).some(({ key, max }) => max !== null && this.#count(key) >= max);
  }

  /** Whether it matters where it is begun. */
  isPerHost(work: BoundedWork): boolean {
    return this.#capsOf(work).some(({ maxPerHost }) => maxPerHost !== null);
  }

  /** Nothing more of it is begun on that machine. */
  isFullAt(work: BoundedWork, host: string): boolean {
    return this.#capsOf(work).some(
      ({ key, maxPerHost }) => maxPerHost !== null && this.#count(atHost(key, host)) >= maxPerHost,
    );
  }

  take(work: BoundedWork, host: string): void {
    for (const { key } of this.#capsOf(work)) this.#add(key, host, 1);
  }

  #capsOf({ tenantId, jobId, terms = NO_TERMS }: BoundedWork): readonly Cap[] {
    const known = this.#caps.get(terms);
    if (known) return known;
    const { limits, maxSlots, maxPerHost } = terms;
    const caps = limits.flatMap((name): Cap[] => {
      const setting = this.#settings.find(tenantId, name);
      return setting ? [{ ...setting, key: keyOf(setting.tenantId, name) }] : [];
    });
    if (maxSlots !== null || maxPerHost !== null) caps.push({ key: jobKey(jobId), max: maxSlots, maxPerHost });
    this.#caps.set(terms, caps);
    return caps;
  }

  #count(key: string): number {
    return this.#held.get(key) ?? 0;
  }

  #add(key: string, host: string, n: number): void {
    for (const counted of [key, atHost(key, host)]) this.#held.set(counted, this.#count(counted) + n);
  }
}

const jobKey = (jobId: string) => `job ${jobId}`;

const atHost = (key: string, host: string) => `${key} at ${host}`;
