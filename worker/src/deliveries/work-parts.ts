import type { Clock } from '../clock.ts';
import type { FarmClient } from '../farm/farm-client.ts';
import type { HeldLease } from '../farm/lease-book.ts';
import type { Membership } from '../farm/membership.ts';
import type { Log } from '../log.ts';
import type { BrowserPool } from '../pool/browser-pool.ts';
import type { SceneCache } from '../scene-cache/scene-cache.ts';

/** What working on an attempt needs. */
export interface WorkParts {
  readonly client: FarmClient;
  readonly membership: Membership;
  readonly cache: SceneCache;
  readonly pool: BrowserPool;
  readonly clock: Clock;
  readonly log: Log;
}

/** One attempt under its lease. `note` keeps lines for the report of a failure. */
export interface AttemptContext extends WorkParts {
  readonly lease: HeldLease;
  /** Where the log of the page and the browser comes from, once there is one. */
  readLog: () => string[];
}
