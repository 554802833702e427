/** What `server.ts` builds once and every part of the server is given. */
import type { IdKind } from '@kiln/shared';
import type { Logger } from 'pino';
import type { OwnAddress } from './addresses.ts';
import type { ServerConfig } from './config/server-config.ts';
import type { Change } from './events/changes.ts';
import type { SocketRouter } from './http/socket-router.ts';
import type { Identities } from './identity/identities.ts';
import type { Purges } from './jobs/purge.ts';
import type { ObjectStore } from './objects/object-store.ts';
import type { Store } from './store/store.ts';

export interface Clock {
  /** Wall time, for what is recorded. */
  now(): Date;
  /** Milliseconds that never jump, for durations and leases. */
  monotonicMs(): number;
}

/** Fills the array with random bytes, as `crypto.getRandomValues` does. */
export type RandomBytes = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;

/** Failures of clients in the time that a limit looks at. */
export interface FailureCount {
  failed(client: string): void;
  /** Milliseconds until this client may fail again; 0: now. */
  waitMs(client: string): number;
}

export interface Services {
  readonly config: ServerConfig;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly newId: (kind: IdKind) => string;
  readonly store: Store;
  readonly objects: ObjectStore;
  readonly identities: Identities;
  /** Requests and sockets that came without a valid identity, by address. */
  readonly identityFailures: FailureCount;
  readonly sockets: SocketRouter;
  /** Names this process among the servers of the farm. */
  readonly serverId: string;
  /** `http://host:port` under which workers and browsers reach this process; known once it listens. */
  readonly advertisedUrl: () => string;
  /** Of this process among the servers of the farm; known once it listens. */
  readonly ownAddress: () => OwnAddress;
  /** Secret that lets a worker register. */
  readonly workerToken: string;
}

export interface FarmHealth {
  readonly queue: 'ok' | 'down';
  readonly workersReady: number;
  /** False when a ready worker runs its browser without a sandbox. */
  readonly sandboxed: boolean;
  /** False when workers share this server's own access to Redis. */
  readonly workersConfined: boolean;
}

/** What scenes, uploads and health need of the part that schedules work and tells of changes. */
export interface Farm {
  /** Transactions whose events are told after the commit. */
  readonly change: Change;
  readonly purges: Pick<Purges, 'purge' | 'purgeOlder'>;
  /** After a commit: a task waits. Returns at once, never throws. */
  onTaskReady(): void;
  health(): Promise<FarmHealth>;
}
