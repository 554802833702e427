/** A worker at work: deliveries, sessions, signals and heartbeats, until it drains or stops. */
import {
  autoBackendsText,
  type Delivery,
  type Heartbeat,
  type HeartbeatAnswer,
  type Registration,
  type WorkerIdentity,
  type WorkerSignal,
} from '@kiln/shared';
import { type Clock, pause } from './clock.ts';
import type { WorkerConfig } from './config/worker-config.ts';
import { runDelivery, type Work } from './deliveries/attempt.ts';
import { WEBGL_ONLY } from './deliveries/chosen-backend.ts';
import { DeliveryQueue } from './deliveries/delivery-queue.ts';
import type { FarmClient } from './farm/farm-client.ts';
import { HeartbeatLoop } from './farm/heartbeat-loop.ts';
import { LeaseBook } from './farm/lease-book.ts';
import type { Membership } from './farm/membership.ts';
import { ProgressBook } from './farm/progress-book.ts';
import { listenForSignals } from './farm/signals.ts';
import { WORKER_LIMITS } from './limits.ts';
import { SessionDesk } from './live/session-desk.ts';
import type { Log } from './log.ts';
import type { BrowserPool } from './pool/browser-pool.ts';
import { TenantTurns } from './pool/tenant-turns.ts';
import type { SceneCache } from './scene-cache/scene-cache.ts';

export interface RunningWorkerParts {
  readonly config: WorkerConfig;
  readonly identity: WorkerIdentity;
  readonly client: FarmClient;
  readonly membership: Membership;
  readonly cache: SceneCache;
  readonly pool: BrowserPool;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborts when the worker ends: whatever still waits for the server gives up. */
  readonly over: AbortController;
  /** [WK22] Draws the canary once more; what is wrong with it, or null. */
  readonly canaryFault: () => Promise<string | null>;
  /** What is done with what was claimed. @defaultValue as `runDelivery` */
  readonly work?: Work;
}

export class RunningWorker {
  readonly #parts: RunningWorkerParts;
  readonly #leases: LeaseBook;
  readonly #desk: SessionDesk;
  readonly #heartbeat: HeartbeatLoop;
  readonly #importTurns = new TenantTurns();
  readonly #progress = new ProgressBook();
  readonly #working = new Set<Promise<void>>();
  #queue: DeliveryQueue;
  #stopSignals: () => void;
  readonly #leaving = new AbortController();
  #canary: Promise<void> | null = null;
  #end: Promise<void> | null = null;

  /** @param parts of a worker that has registered */
  constructor(parts: RunningWorkerParts) {
    this.#parts = parts;
    const { client, clock, log, membership } = parts;
    this.#leases = new LeaseBook(clock);
    this.#desk = new SessionDesk({ ...parts, autoBackends: parts.identity.autoBackends ?? WEBGL_ONLY });
    this.#heartbeat = new HeartbeatLoop({
      client,
      membership,
      clock,
      log,
      describe: () => this.#describe(),
      onAnswer: (answer, sentAtMs) => this.#obey(answer, sentAtMs),
    });
    this.#queue = this.#openQueue(membership.current);
    this.#stopSignals = this.#openSignals(membership.current);
    membership.onRenewed((registration) => this.#rejoin(registration));
    this.#heartbeat.start();
  }

  get workerId(): string {
    return this.#parts.membership.current.workerId;
  }

  get identity(): WorkerIdentity {
    return this.#parts.identity;
  }

  /** One line for people: what it draws with. */
  get description(): string {
    const { backend, name, renderer, sandboxed, slots } = this.identity;
    return `${name}: ${renderer} by ${backend}, ${autoBackendsText(this.identity)}, ${slots} slot${slots === 1 ? '' : 's'}, sandbox ${sandboxed ? 'on' : 'OFF'}`;
  }

  /** Takes nothing new, finishes what it can within `drainMs`, gives the rest back, says goodbye, ends its browsers. */
  drain(): Promise<void> {
    this.#end ??= this.#drain();
    return this.#end;
  }

  /** The same as `drain`. */
  close(): Promise<void> {
    return this.drain();
  }

  async #drain(): Promise<void> {
    const { client, log, pool } = this.#parts;
    this.#leaving.abort();
    log.info({ attempts: this.#leases.held.length, sessions: this.#desk.ids.length }, 'draining');
    const stopTaking = this.#queue
      .pause()
      .catch((error: unknown) => log.debug({ err: error }, 'could not pause the queue'));
    const finished = Promise.all([stopTaking, this.#heartbeat.beat(), this.#desk.endAll(), ...this.#working]);
    const over = new AbortController();
    await Promise.race([finished, pause(WORKER_LIMITS.drainMs, over.signal)]);
    over.abort();
    this.#leases.stopAll('the worker is shutting down');
    this.#heartbeat.stop();
    // It registers no more: a request that the goodbye overtakes is answered with `worker.unknown`.
    this.#parts.over.abort();
    const goodbye = client.goodbye().catch((error: unknown) => log.warn({ err: error }, 'could not say goodbye'));
    await Promise.all([goodbye.then(() => this.#letGo()), pool.close(), this.#canary]);
    log.info('drained');
  }

  async #letGo(): Promise<void> {
    this.#stopSignals();
    await this.#queue.close();
  }

  #openQueue(registration: Registration): DeliveryQueue {
    return new DeliveryQueue({
      registration,
      renderConcurrency: 2 * this.#parts.config.slots,
      onDelivery: (delivery) => this.#work(delivery),
      onRefused: (reason) => this.#renew(reason),
      log: this.#parts.log,
    });
  }

  #openSignals(registration: Registration): () => void {
    return listenForSignals(registration, {
      onSignal: (signal) => this.#onSignal(signal),
      onRefused: (reason) => this.#renew(reason),
      log: this.#parts.log,
    });
  }

  async #work(delivery: Delivery): Promise<void> {
    // Not claimed: the goodbye gives it back.
    if (this.#leaving.signal.aborted) return;
    const checkpointMs = this.#parts.config.checkpointSec * 1_000;
    const { autoBackends = WEBGL_ONLY } = this.identity;
    const own = { importTurns: this.#importTurns, progress: this.#progress, leaving: this.#leaving.signal };
    const parts = { ...this.#parts, ...own, checkpointMs, autoBackends };
    const work = runDelivery(delivery, this.#leases, parts, this.#parts.work).finally(() => this.#working.delete(work));
    this.#working.add(work);
    await work;
  }

  #renew(reason: string): void {
    if (this.#leaving.signal.aborted) return;
    this.#parts.membership.renew(reason).catch((error: unknown) => {
      this.#parts.log.debug({ err: error }, 'stopped while registering');
    });
  }

  /** A new registration may name another Redis user, password or queue. */
  #rejoin(registration: Registration): void {
    const { queue, stopSignals } = { queue: this.#queue, stopSignals: this.#stopSignals };
    this.#queue = this.#openQueue(registration);
    this.#stopSignals = this.#openSignals(registration);
    stopSignals();
    void queue.close();
    void this.#heartbeat.beat();
  }

  #onSignal(signal: WorkerSignal): void {
    switch (signal.type) {
      case 'open-session':
        if (!this.#leaving.signal.aborted) this.#desk.open(signal.offer);
        break;
      case 'end-session':
        this.#desk.end(signal.sessionId);
        break;
      case 'stop':
        for (const attemptId of signal.attempts) this.#leases.stop(attemptId, 'the server stopped the attempt');
        break;
      case 'heartbeat':
        void this.#heartbeat.beat();
        break;
    }
  }

  #obey(answer: HeartbeatAnswer, sentAtMs: number): void {
    for (const { attemptId, leaseMs } of answer.renewed) this.#leases.renew(attemptId, leaseMs, sentAtMs);
    for (const attemptId of answer.stop) this.#leases.stop(attemptId, 'the server stopped the attempt');
    for (const sessionId of answer.endSessions) this.#desk.end(sessionId);
    if (this.#leaving.signal.aborted) return;
    if (answer.drawCanary) this.#drawCanary();
    for (const offer of answer.openSessions) this.#desk.open(offer);
  }

  /** [WK22] Every heartbeat asks for it until the server has the answer. */
  #drawCanary(): void {
    const { canaryFault, client, log, membership, over } = this.#parts;
    const draw = async () => {
      const fault = await canaryFault();
      over.signal.throwIfAborted();
      log.info({ fault }, 'drew the canary');
      await membership.persist(() => client.tellCanary({ fault }, over.signal), over.signal);
    };
    this.#canary ??= draw()
      .catch((error: unknown) => log.info({ err: error }, 'the canary is not told'))
      .finally(() => {
        this.#canary = null;
      });
  }

  #describe(): Heartbeat {
    const { cache, pool } = this.#parts;
    return {
      status: {
        browsers: pool.browsers,
        scenes: pool.scenes((tenantId, sceneHash) => this.#desk.countOn(tenantId, sceneHash)),
        cacheBytes: cache.sizeBytes,
        nodeRssBytes: process.memoryUsage.rss(),
        browserRssBytes: pool.rssBytes,
      },
      attempts: this.#leases.held,
      sessions: this.#desk.ids,
      progress: this.#progress.all,
      draining: this.#leaving.signal.aborted,
    };
  }
}
