/** The store: what is true about the farm, on PostgreSQL's dialect. */
import type { Kysely } from 'kysely';
import type { Database } from './tables.ts';

export interface Store {
  readonly kind: 'pglite' | 'postgres';
  /**
   * Queries and transactions. With PGlite there is one session: a transaction holds it from BEGIN to COMMIT, so code
   * inside a transaction must use its `tx`, never `db`, and must wait for nothing but the database.
   */
  readonly db: Kysely<Database>;
  readonly leaderLock: LeaderLock;
  /** @throws when the database does not answer. */
  ping(): Promise<void>;
  /** Waits for what is under way, gives up leadership, and lets go of the folder or the connections. */
  close(): Promise<void>;
}

/** One server of the farm leads: it alone gives leases. */
export interface LeaderLock {
  /** Null when another server leads. Each success raises `farm_state.dispatch_epoch` by one. */
  tryLead(): Promise<Leadership | null>;
}

export interface Leadership {
  /** Larger than that of every earlier leader. */
  readonly epoch: number;
  /** Aborted when the lock may have passed to another: the connection that held it is gone, or `release` was called. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}
