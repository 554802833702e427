import type { AutoBackends } from '@kiln/shared';
import type { Clock } from '../clock.ts';
import type { FarmClient } from '../farm/farm-client.ts';
import type { HeldLease } from '../farm/lease-book.ts';
import type { Membership } from '../farm/membership.ts';
import type { ProgressBook } from '../farm/progress-book.ts';
import type { Log } from '../log.ts';
import type { BrowserPool } from '../pool/browser-pool.ts';
import type { TenantTurns } from '../pool/tenant-turns.ts';
import type { SceneCache } from '../scene-cache/scene-cache.ts';

/** What working on an attempt needs. */
export interface WorkParts {
  readonly client: FarmClient;
  readonly membership: Membership;
  readonly cache: SceneCache;
  readonly pool: BrowserPool;
  readonly importTurns: TenantTurns;
  readonly progress: ProgressBook;
  /** Time of drawing after which a part of a frame stores what it has. */
  readonly checkpointMs: number;
  /** Aborts when the worker is about to leave: what is drawn then is stored. */
  readonly leaving: AbortSignal;
  /** What the back end `auto` is here. */
  readonly autoBackends: AutoBackends;
  readonly clock: Clock;
  readonly log: Log;
}

/** Last lines of the logs of an attempt's page and browser. The browser's speak of this machine, too. */
interface AttemptLog {
  readonly page: readonly string[];
  readonly browser: readonly string[];
}

/** One attempt under its lease. */
export interface AttemptContext extends WorkParts {
  readonly lease: HeldLease;
  /** Where the log comes from, once there is a page. */
  readLog: () => AttemptLog;
}
