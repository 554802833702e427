/** This worker's place in the farm: it registers, and again when the server has forgotten it. */
import { KilnError, type Registration, type WorkerIdentity } from '@kiln/shared';
import { WORKER_LIMITS } from '../limits.ts';
import type { Log } from '../log.ts';
import { isRetryable, withRetries } from './back-off.ts';
import type { FarmClient } from './farm-client.ts';

export interface MembershipOptions {
  readonly client: FarmClient;
  readonly identity: WorkerIdentity;
  /** KILN_WORKER_TOKEN. */
  readonly token: string;
  readonly log: Log;
  /** Aborts when the worker stops. */
  readonly signal: AbortSignal;
}

export class Membership {
  readonly #options: MembershipOptions;
  readonly #listeners: ((registration: Registration) => void)[] = [];
  #current: Registration | null = null;
  #renewal: Promise<void> | null = null;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** @throws KilnError `server.internal` before the first registration */
  get current(): Registration {
    if (!this.#current) throw new KilnError('server.internal', 'the worker is not registered yet');
    return this.#current;
  }

  /** Called with every registration after the first. */
  onRenewed(listener: (registration: Registration) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Registers for the first time; waits for a server that is not up yet.
   *
   * @throws KilnError `identity.missing` and others that waiting does not cure
   */
  async join(): Promise<Registration> {
    this.#current = await this.#register(isRetryable, WORKER_LIMITS.joinBackOffMs);
    return this.#current;
  }

  /** Registers again; everybody who asks meanwhile waits for the same registration. */
  renew(reason: string): Promise<void> {
    this.#renewal ??= this.#renew(reason).finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  async #renew(reason: string): Promise<void> {
    this.#options.log.warn({ reason }, 'registering again');
    // A worker that worked before does not give up: an operator may be changing the token, or restoring a database.
    const registration = await this.#register(() => true);
    this.#current = registration;
    for (const listener of this.#listeners) listener(registration);
  }

  async #register(mayRetry: (error: unknown) => boolean, longestMs?: number): Promise<Registration> {
    const { client, identity, token, log, signal } = this.#options;
    const resume = this.#current ? { resume: this.#current.workerId } : {};
    const registration = await withRetries(() => client.register({ identity, ...resume }, token, signal), {
      signal,
      ...(longestMs === undefined ? {} : { longestMs }),
      mayRetry: (error, tries) => {
        // The first failure and then about one a minute: a server that is down for a night must not fill the disk.
        if (tries === 1 || tries % 30 === 0)
          log.warn({ err: error, tries }, 'the server does not register this worker');
        return mayRetry(error);
      },
    });
    log.info({ workerId: registration.workerId, protocol: registration.protocol }, 'registered');
    return registration;
  }

  /**
   * Tries a request until the answer is final: connection errors and retryable ones with growing pauses, and after
   * registering again where the server does not know this worker.
   *
   * @throws KilnError the final answer; the signal's reason
   */
  persist<T>(request: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return withRetries(request, {
      signal,
      mayRetry: async (error, tries) => {
        if (!(error instanceof KilnError)) return false;
        if (error.code === 'worker.unknown' || error.code === 'identity.missing') {
          await this.renew(error.message);
          return true;
        }
        // Wrong bytes may be the network's fault once; the second time they are wrong here.
        if (error.code === 'upload.hash_mismatch' && tries >= 2) return false;
        if (error.code === 'storage.full' && (tries === 1 || tries % 30 === 0))
          this.#options.log.warn({ err: error, tries }, 'no room: what is to be stored waits, and is tried again');
        return error.retryable;
      },
    });
  }
}
